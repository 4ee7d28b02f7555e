// Data of the emulator that is read again when it may have changed, one reading at a time.

const GAP_MIN = 200;
const GAP_MAX = 5000;
// The pause after a reading is so many times as long as the reading, so that a page costs the emulator a few percent of a core.
const GAP_PER_READING = 25;

export class Resource {
  #read;
  #show;
  #fail;
  #isReading = false;
  #isWanted = false;
  #timer = null;
  #gap = GAP_MIN;
  #generation = 0;

  /** `read` returns a promise; `show` gets its value; `fail` gets its error. A value that was outdated by `reset` is dropped. */
  constructor(read, show, fail) {
    this.#read = read;
    this.#show = show;
    this.#fail = fail;
  }

  /** Asks for a reading. `now` does not wait for the pause after the last one. */
  refresh({ now = false } = {}) {
    this.#isWanted = true;
    if (now) this.#cancel();
    if (!this.#isReading && this.#timer === null) this.#start();
  }

  /** Forgets a reading that is under way. */
  reset() {
    this.#generation += 1;
    this.#isWanted = false;
    this.#isReading = false;
    this.#cancel();
  }

  #cancel() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #start() {
    this.#isWanted = false;
    this.#isReading = true;
    const generation = this.#generation;
    const began = performance.now();
    try {
      const value = await this.#read();
      if (generation !== this.#generation) return;
      this.#show(value);
    } catch (error) {
      if (generation !== this.#generation) return;
      this.#fail(error);
    }
    this.#isReading = false;
    this.#gap = Math.min(GAP_MAX, Math.max(GAP_MIN, (performance.now() - began) * GAP_PER_READING));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#isWanted) this.#start();
    }, this.#gap);
  }
}
