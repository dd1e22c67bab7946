/**
 * A worker from a file of the site.
 *
 * It starts from a blob: so it is held by its page's Content-Security-Policy, which a file of its own would not be.
 *
 * @param {string} address whole address of the worker's script
 */
export function startWorker(address) {
  const source = new Blob([`import ${JSON.stringify(address)};`], { type: "text/javascript" });
  return new Worker(URL.createObjectURL(source), { type: "module" });
}
