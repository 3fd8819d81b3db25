// A value or happening that others listen to; the whole of the console's plumbing.

export type Listener<T> = (value: T) => void;

export class Signal<T> {
  private readonly listeners = new Set<Listener<T>>();

  on(listener: Listener<T>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(value: T): void {
    for (const listener of this.listeners) listener(value);
  }
}

/** A signal that remembers its last value and tells newcomers at once. */
export class State<T> extends Signal<T> {
  value: T;

  constructor(initial: T) {
    super();
    this.value = initial;
  }

  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    this.emit(value);
  }

  watch(listener: Listener<T>): () => void {
    listener(this.value);
    return this.on(listener);
  }
}
