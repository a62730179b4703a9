/* A picture that comes nearer and is moved about. It lies in the middle of its stage, where its style says no more. */

const NEAREST = 4;

export class Zoom {
  /** `onNear` is called whenever the picture has come nearer than as a whole. */
  constructor(stage, picture, onNear) {
    Object.assign(this, { stage, picture, onNear });
    this.reset();
  }

  get isNear() {
    return this.scale > 1;
  }

  reset() {
    Object.assign(this, { scale: 1, x: 0, y: 0 });
    this.show();
  }

  /** Come nearer by a factor, so that the point of the window stays where it is; without one, the middle. */
  by(factor, point = this.middle()) {
    const scale = Math.min(Math.max(this.scale * factor, 1), this.nearest());
    const middle = this.middle();
    const [x, y] = [point.x - middle.x, point.y - middle.y];
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.show();
    if (this.isNear) this.onNear();
  }

  toggle(point) {
    if (this.isNear) this.reset();
    else this.by(2.5, point);
  }

  move(x, y) {
    this.x += x;
    this.y += y;
    this.show();
  }

  middle() {
    const { left, top, width, height } = this.stage.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  }

  /** Up to two of the screen's pixels for each of the picture's own, and never less than four times its whole. */
  nearest() {
    return Math.max(NEAREST, (2 * this.picture.dataset.width) / (this.picture.offsetWidth || 1));
  }

  show() {
    const within = (offset, edge, room) => {
      const most = Math.max(0, (edge * this.scale - room) / 2);
      return Math.min(Math.max(offset, -most), most);
    };
    this.x = within(this.x, this.picture.offsetWidth, this.stage.clientWidth);
    this.y = within(this.y, this.picture.offsetHeight, this.stage.clientHeight);
    this.picture.style.transform = this.isNear ? `translate(${this.x}px, ${this.y}px) scale(${this.scale})` : "";
    this.stage.classList.toggle("view-near", this.isNear);
  }
}
