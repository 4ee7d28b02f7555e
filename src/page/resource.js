// Data of the emulator that is read again when it may have changed, one reading at a time.

const GAP_MIN = 200;
const GAP_MAX = 5000;
// The pause between two readings, as a multiple of the time that the last one took. It limits the load of an open page to a few
// percent of a core. The second value applies to readings that an event or an act of the viewer causes.
const GAP_PER_READING = 25;
const GAP_PER_READING_NOW = 2;

export class Resource {
  #read;
  #show;
  #fail;
  #isReading = false;
  #wish = null;
  #timer = null;
  #began = 0;
  #ended = -Infinity;
  #generation = 0;

  /** `read` returns a promise; `show` gets its value; `fail` gets its error. */
  constructor(read, show, fail) {
    this.#read = read;
    this.#show = show;
    this.#fail = fail;
  }

  /** Requests a reading. `now` shortens the pause before it. */
  refresh({ now = false } = {}) {
    this.#wish = { now: now || (this.#wish?.now ?? false) };
    this.#schedule();
  }

  /** Forgets a reading that is under way: its value is dropped. */
  reset() {
    this.#generation += 1;
    this.#isReading = false;
    this.#wish = null;
    this.#ended = -Infinity;
    clearTimeout(this.#timer);
  }

  #schedule() {
    if (this.#isReading || this.#wish === null) return;
    const took = this.#ended - this.#began;
    const gap = Math.max(GAP_MIN, took * (this.#wish.now ? GAP_PER_READING_NOW : GAP_PER_READING));
    const wait = this.#ended === -Infinity ? 0 : this.#ended + Math.min(GAP_MAX, gap) - performance.now();
    clearTimeout(this.#timer);
    if (wait <= 0) this.#start();
    else this.#timer = setTimeout(() => this.#start(), wait);
  }

  async #start() {
    const generation = this.#generation;
    this.#wish = null;
    this.#isReading = true;
    this.#began = performance.now();
    try {
      const value = await this.#read();
      if (generation !== this.#generation) return;
      this.#show(value);
    } catch (error) {
      if (generation !== this.#generation) return;
      this.#fail(error);
    }
    this.#isReading = false;
    this.#ended = performance.now();
    this.#schedule();
  }
}
