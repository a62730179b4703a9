/* Zooming and moving a picture that CSS centres in its stage. */

const MIN_MAX_SCALE = 4;
const TOGGLE_SCALE = 2.5;

export class Zoom {
  /** `onZoomIn` is called whenever the picture is larger than its fitted size. */
  constructor(stage, picture, onZoomIn) {
    Object.assign(this, { stage, picture, onZoomIn });
    this.reset();
  }

  get isZoomed() {
    return this.scale > 1;
  }

  reset() {
    Object.assign(this, { scale: 1, x: 0, y: 0 });
    this.show();
  }

  /** Zoom by a factor. `point`, in window coordinates, stays in place; the default is the middle of the stage. */
  by(factor, point = this.middle()) {
    const scale = Math.min(Math.max(this.scale * factor, 1), this.maxScale());
    const middle = this.middle();
    const [x, y] = [point.x - middle.x, point.y - middle.y];
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.show();
    if (this.isZoomed) this.onZoomIn();
  }

  toggle(point) {
    if (this.isZoomed) this.reset();
    else this.by(TOGGLE_SCALE, point);
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

  /** Two screen pixels for each pixel of the picture, and at least four times its fitted size. */
  maxScale() {
    return Math.max(MIN_MAX_SCALE, (2 * this.picture.dataset.width) / (this.picture.offsetWidth || 1));
  }

  show() {
    const clamp = (offset, size, available) => {
      const max = Math.max(0, (size * this.scale - available) / 2);
      return Math.min(Math.max(offset, -max), max);
    };
    this.x = clamp(this.x, this.picture.offsetWidth, this.stage.clientWidth);
    this.y = clamp(this.y, this.picture.offsetHeight, this.stage.clientHeight);
    this.picture.style.transform = this.isZoomed ? `translate(${this.x}px, ${this.y}px) scale(${this.scale})` : "";
    this.stage.classList.toggle("view-zoomed", this.isZoomed);
  }
}
