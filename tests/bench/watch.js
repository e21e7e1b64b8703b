// Stamps key presses and changes of the main area by the page's own clock. Looks at every frame for charts without
// a mark and for faded elements. Sums layout shifts, those just after a key press too.
() => {
    const main = document.querySelector('[data-testid="stMain"]');
    const charts = [...main.querySelectorAll('[role="figure"]:has(.js-plotly-plot)')].map(chart => chart.ariaLabel);
    const isSeen = element => element.checkVisibility({visibilityProperty: true});  // a chart being replaced is hidden
    const isDrawn = name => [...main.querySelectorAll(
        `[role="figure"][aria-label="${name}"] .js-plotly-plot :is(.bars, .point) path`)].some(isSeen);
    const watch = window.watch = {charts, pressed: 0, changed: 0, blank: 0, frame: 0, shift: 0, opacity: 1};
    watch.isQuiet = () => performance.now() - watch.changed > 700
        && document.querySelector('[data-testid="stApp"]').dataset.testScriptState == 'notRunning';

    addEventListener('keydown', () => { watch.pressed = watch.changed = performance.now() }, true);
    new MutationObserver(() => { watch.changed = performance.now() })
        .observe(main, {subtree: true, childList: true, attributes: true, characterData: true});
    new PerformanceObserver(list => list.getEntries().forEach(entry => { watch.shift += entry.value }))
        .observe({type: 'layout-shift'});

    let last = performance.now();
    const seen = Object.fromEntries(charts.map(name => [name, last]));
    const look = now => {
        for (const name of charts) {
            if (isDrawn(name)) seen[name] = now;
            watch.blank = Math.max(watch.blank, now - seen[name]);
        }
        for (const element of main.querySelectorAll('[data-testid="stElementContainer"]'))
            if (isSeen(element)) watch.opacity = Math.min(watch.opacity, getComputedStyle(element).opacity);
        watch.frame = Math.max(watch.frame, now - last);
        last = now;
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}
