"""How far the parts of a page move although nobody touches it.

Counted from the second frame after all of the HTML is there: before that, rows fill up while the HTML arrives, and how
often the browser paints meanwhile depends on the machine.
"""

from playwright.sync_api import Page

_WATCH = """window.shifts = [];
let shownAt = Infinity;
const twoFrames = (then) => requestAnimationFrame(() => requestAnimationFrame(then));
addEventListener("DOMContentLoaded", () => twoFrames(() => { shownAt = performance.now(); }));
window.readShifts = (done) => shownAt < Infinity
    ? twoFrames(() => done(window.shifts)) : setTimeout(window.readShifts, 20, done);
new PerformanceObserver((list) => {
    for (const { startTime, value, sources } of list.getEntries())
        if (startTime > shownAt)
            window.shifts.push([value, ...sources.map(({ node }) => node?.outerHTML?.slice(0, 80))]);
}).observe({ type: "layout-shift", buffered: true });"""


def watch_shifts(page: Page) -> None:
    """Watch all pages that the window opens from now on."""
    page.add_init_script(f"{{ {_WATCH} }}")


def forget_shifts(page: Page) -> None:
    sum_shifts(page)
    page.evaluate("window.shifts = []")


def sum_shifts(page: Page) -> float:
    """Return the page's layout shift so far; a test that fails also prints what moved."""
    shifts = page.evaluate("() => new Promise((done) => window.readShifts(done))")
    print(shifts)
    return float(sum(value for value, *_nodes in shifts))
