/* Pictures loaded ahead, and kept for a while, so that a neighbour is there when it is asked for. */

const KEPT = 8;
const known = new Map();

/** Return the loaded picture of that address as a promise; it fails where the browser cannot show it. */
export function load(address) {
  const picture = known.get(address) ?? Object.assign(new Image(), { src: address });
  known.delete(address);
  known.set(address, picture);
  if (known.size > KEPT) known.delete(known.keys().next().value);
  return picture.decode().then(
    () => picture,
    (error) => {
      known.delete(address);
      throw error;
    },
  );
}
