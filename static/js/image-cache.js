/* The pictures loaded last, so that the neighbours of the shown picture appear at once. */

const MAX_IMAGES = 8;
const cache = new Map();

/** Return a promise of the loaded image at that address; it rejects if the browser cannot show the format. */
export function loadImage(address) {
  const image = cache.get(address) ?? Object.assign(new Image(), { src: address });
  cache.delete(address);
  cache.set(address, image);
  if (cache.size > MAX_IMAGES) cache.delete(cache.keys().next().value);
  return image.decode().then(
    () => image,
    (error) => {
      cache.delete(address);
      throw error;
    },
  );
}
