/**
 * Does work that Ctrl-C ends: the signal is aborted, and the work cleans up (its kernel, its half-written files). A
 * second Ctrl-C ends the process.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const leave = () => process.off("SIGINT", onInterrupt).off("SIGTERM", onInterrupt);
  const onInterrupt = () => {
    stop.abort();
    // not at once: whoever else listens to the signal counts its listeners, and ends the process when it is alone
    setImmediate(leave);
  };
  process.on("SIGINT", onInterrupt).on("SIGTERM", onInterrupt);
  try {
    return await work(stop.signal);
  } finally {
    leave();
  }
}
