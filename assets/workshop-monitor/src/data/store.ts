/** A value that views can watch. */
export interface Store<T> {
  get(): T;
  set(change: Partial<T>): void;
  watch(listener: () => void): () => void;
}

export function createStore<T extends object>(initial: T): Store<T> {
  let value = initial;
  const listeners: Array<() => void> = [];
  return {
    get: () => value,
    set(change) {
      const keys = Object.keys(change) as Array<keyof T>;
      // Telling views about nothing would make them render for nothing, all day long.
      if (!keys.some((key) => change[key] !== value[key])) return;
      value = Object.assign({}, value, change);
      listeners.slice().forEach((listener) => listener());
    },
    watch(listener) {
      listeners.push(listener);
      return () => {
        const at = listeners.indexOf(listener);
        if (at >= 0) listeners.splice(at, 1);
      };
    },
  };
}
