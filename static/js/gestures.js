/* Touch, mouse and wheel on the stage of the large view: swipe, pinch, drag, double click. */

const SWIPE_PX = 60;
const WHEEL_SPEED = 0.002;
const PINCH_WHEEL_SPEED = 0.01;

export class Gestures {
  /** `actions` are `previous`, `next` and `close`; zooming and dragging go to `zoom`. */
  constructor(stage, picture, zoom, actions) {
    Object.assign(this, { stage, picture, zoom, actions });
    this.pointers = new Map();
    this.swipe = null;
    stage.addEventListener("pointerdown", (event) => this.onDown(event));
    stage.addEventListener("pointermove", (event) => this.onMove(event));
    stage.addEventListener("pointerup", (event) => this.onUp(event, true));
    stage.addEventListener("pointercancel", (event) => this.onUp(event, false));
    stage.addEventListener("dblclick", (event) => zoom.toggle(event));
    stage.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
  }

  onDown(event) {
    if (event.button !== 0) return;
    this.stage.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const canSwipe = this.pointers.size === 1 && event.pointerType !== "mouse" && !this.zoom.isZoomed;
    this.setSwipe(canSwipe ? { x: 0, y: 0 } : null);
  }

  onMove(event) {
    const from = this.pointers.get(event.pointerId);
    if (!from) return;
    const to = { x: event.clientX, y: event.clientY };
    const moved = { x: to.x - from.x, y: to.y - from.y };
    this.pointers.set(event.pointerId, to);
    if (this.pointers.size === 2) this.pinch(from, to, this.otherPointer(event.pointerId));
    else if (this.zoom.isZoomed) this.zoom.move(moved.x, moved.y);
    else if (this.swipe) this.setSwipe({ x: this.swipe.x + moved.x, y: this.swipe.y + moved.y });
  }

  otherPointer(id) {
    return [...this.pointers].find(([each]) => each !== id)[1];
  }

  pinch(from, to, other) {
    const distance = (point) => Math.hypot(point.x - other.x, point.y - other.y) || 1;
    this.zoom.by(distance(to) / distance(from), { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 });
    this.zoom.move((to.x - from.x) / 2, (to.y - from.y) / 2);
  }

  /** Move the picture with the finger; `null` moves it back. */
  setSwipe(swipe) {
    this.swipe = swipe;
    this.stage.classList.toggle("view-swiping", Boolean(swipe));
    this.picture.style.translate = swipe ? `${swipe.x}px ${Math.max(0, swipe.y)}px` : "";
  }

  onUp(event, isComplete) {
    this.pointers.delete(event.pointerId);
    const { x, y } = this.swipe ?? { x: 0, y: 0 };
    this.setSwipe(null);
    if (!isComplete) return;
    if (Math.abs(x) > SWIPE_PX && Math.abs(x) > Math.abs(y)) this.actions[x < 0 ? "next" : "previous"]();
    else if (y > SWIPE_PX && y > Math.abs(x)) this.actions.close();
  }

  /** Browsers report a pinch on a touchpad as a wheel event with the Ctrl key. */
  onWheel(event) {
    event.preventDefault();
    const speed = event.ctrlKey ? PINCH_WHEEL_SPEED : WHEEL_SPEED;
    this.zoom.by(Math.exp(-event.deltaY * speed), { x: event.clientX, y: event.clientY });
  }
}
