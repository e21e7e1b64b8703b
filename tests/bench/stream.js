// Looks at every frame of a chart for so many milliseconds, once it has marks: how many frames show none, and how long.
([marks, milliseconds]) => new Promise(done => {
    const watch = {frames: 0, empty: 0, longest: 0};
    let began = null, blank = null;
    const look = now => {
        const seen = [...document.querySelectorAll(marks)].some(
            mark => mark.getClientRects().length && mark.checkVisibility());
        if (seen) began ??= now;
        if (began !== null) {
            watch.frames += 1;
            watch.empty += !seen;
            blank = seen ? null : blank ?? now;
            if (blank !== null) watch.longest = Math.max(watch.longest, now - blank);
            if (now - began > milliseconds) return done(watch);
        }
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})
