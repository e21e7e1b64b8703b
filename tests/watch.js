// Looks at every frame of the main area: whether a chart fades, or loses its marks once it has had some. Sums layout
// shifts, those just after a key press too, and stamps key presses and changes by the page's own clock.
() => {
    const main = document.querySelector('[data-testid="stMain"]');
    const watch = window.watch = {charts: {}, pressed: 0, changed: 0, frames: 0, frame: 0, shift: 0};
    watch.isQuiet = () => performance.now() - watch.changed > 700
        && document.querySelector('[data-testid="stApp"]').dataset.testScriptState == 'notRunning';

    addEventListener('keydown', () => { watch.pressed = watch.changed = performance.now() }, true);
    new MutationObserver(() => { watch.changed = performance.now() })
        .observe(main, {subtree: true, childList: true, attributes: true, characterData: true});
    new PerformanceObserver(list => list.getEntries().forEach(entry => { watch.shift += entry.value }))
        .observe({type: 'layout-shift'});

    const BOX = '[data-testid="stElementContainer"]';
    const CHARTS = '[data-testid="stPlotlyChart"], [data-testid="stVegaLiteChart"]';
    const MARKS = ':is(.barlayer, .scatterlayer, .heatmaplayer) :is(path, image), .role-mark > *';
    const nameOf = chart =>
        chart.closest(BOX).querySelector('[role="figure"], [aria-label^="Fullscreen: "]').ariaLabel;
    const isDrawn = chart => [...chart.querySelectorAll(MARKS)].some(  // a chart being replaced is hidden
        mark => mark.checkVisibility({visibilityProperty: true}));
    const opacityOf = element => element ? getComputedStyle(element).opacity * opacityOf(element.parentElement) : 1;
    let last = performance.now();
    const look = now => {
        const drawn = new Map([...main.querySelectorAll(CHARTS)].filter(isDrawn).map(chart => [nameOf(chart), chart]));
        for (const name of drawn.keys())
            watch.charts[name] ??= {opacity: 1, blank: 0, empty: 0, stale: 0, seen: now, fresh: now};
        for (const [name, chart] of Object.entries(watch.charts)) {
            const found = drawn.get(name);
            if (found) {
                chart.opacity = Math.min(chart.opacity, opacityOf(found));
                chart.seen = now;
            }
            chart.empty += !found;
            chart.blank = Math.max(chart.blank, now - chart.seen);
            // Streamlit fades what a run has not drawn again, so this tells whether there was reason to.
            if (found?.closest(BOX).dataset.stale != 'true') chart.fresh = now;
            chart.stale = Math.max(chart.stale, now - chart.fresh);
        }
        watch.frames += 1;
        watch.frame = Math.max(watch.frame, now - last);
        last = now;
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}
