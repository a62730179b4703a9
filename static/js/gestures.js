/* Fingers, mouse and wheel on the stage of the large view: swipe, pinch, drag, double click. */

const SWIPE_PX = 60;
const WHEEL = 0.002;
const WHEEL_PINCHING = 0.01;

export class Gestures {
  /** `actions` are `previous`, `next` and `close`; what brings the picture nearer goes to `zoom`. */
  constructor(stage, picture, zoom, actions) {
    Object.assign(this, { stage, picture, zoom, actions });
    this.pointers = new Map();
    this.swipe = null;
    stage.addEventListener("pointerdown", (event) => this.press(event));
    stage.addEventListener("pointermove", (event) => this.drag(event));
    stage.addEventListener("pointerup", (event) => this.lift(event, true));
    stage.addEventListener("pointercancel", (event) => this.lift(event, false));
    stage.addEventListener("dblclick", (event) => zoom.toggle(event));
    stage.addEventListener("wheel", (event) => this.turn(event), { passive: false });
  }

  press(event) {
    if (event.button !== 0) return;
    this.stage.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const canSwipe = this.pointers.size === 1 && event.pointerType !== "mouse" && !this.zoom.isNear;
    this.follow(canSwipe ? { x: 0, y: 0 } : null);
  }

  drag(event) {
    const from = this.pointers.get(event.pointerId);
    if (!from) return;
    const to = { x: event.clientX, y: event.clientY };
    const moved = { x: to.x - from.x, y: to.y - from.y };
    this.pointers.set(event.pointerId, to);
    if (this.pointers.size === 2) this.pinch(from, to, this.other(event.pointerId));
    else if (this.zoom.isNear) this.zoom.move(moved.x, moved.y);
    else if (this.swipe) this.follow({ x: this.swipe.x + moved.x, y: this.swipe.y + moved.y });
  }

  other(id) {
    return [...this.pointers].find(([each]) => each !== id)[1];
  }

  pinch(from, to, still) {
    const distance = (point) => Math.hypot(point.x - still.x, point.y - still.y) || 1;
    this.zoom.by(distance(to) / distance(from), { x: (to.x + still.x) / 2, y: (to.y + still.y) / 2 });
    this.zoom.move((to.x - from.x) / 2, (to.y - from.y) / 2);
  }

  /** The picture goes with the finger; with `null` it goes back. */
  follow(swipe) {
    this.swipe = swipe;
    this.stage.classList.toggle("view-swiped", Boolean(swipe));
    this.picture.style.translate = swipe ? `${swipe.x}px ${Math.max(0, swipe.y)}px` : "";
  }

  lift(event, isMeant) {
    this.pointers.delete(event.pointerId);
    const { x, y } = this.swipe ?? { x: 0, y: 0 };
    this.follow(null);
    if (!isMeant) return;
    if (Math.abs(x) > SWIPE_PX && Math.abs(x) > Math.abs(y)) this.actions[x < 0 ? "next" : "previous"]();
    else if (y > SWIPE_PX && y > Math.abs(x)) this.actions.close();
  }

  turn(event) {
    event.preventDefault();
    const speed = event.ctrlKey ? WHEEL_PINCHING : WHEEL;
    this.zoom.by(Math.exp(-event.deltaY * speed), { x: event.clientX, y: event.clientY });
  }
}
