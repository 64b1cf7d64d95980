/** Everything that the browser calls goes through here: nothing that goes wrong in the agent may reach the page. */
export function guarded<T>(act: (argument: T) => void): (argument: T) => void {
  return (argument) => {
    try {
      act(argument);
    } catch {
      // A page that shows its picture without an agent is better than one that reports an error of the agent's.
    }
  };
}

export function after(ms: number, act: () => void): number {
  return window.setTimeout(guarded(act), ms);
}
