// The clock of the tenant, extrapolated between the answers of the emulator.

import { parse } from './format.js';

export class Clock {
  constructor() {
    this.mode = 'real';
    /** The last answered instant, as the API writes it: more precise than milliseconds. */
    this.text = null;
    this.scale = 1;
    this.step = 0;
    this.paused = false;
    this.nextChange = null;
    this.base = Date.now();
    this.heard = performance.now();
    this.frozen = false;
  }

  /** Takes over what `GET clock` answered. */
  set(answer) {
    this.mode = answer.mode;
    this.scale = answer.rate;
    this.step = answer.step;
    this.paused = answer.paused;
    this.text = answer.now;
    this.base = parse(answer.now);
    this.ahead = this.base - parse(answer.machineNow);
    this.heard = performance.now();
    this.nextChange = answer.nextChange && { ...answer.nextChange, at: parse(answer.nextChange.at) };
  }

  /** Seconds of the tenant in a second of the machine. */
  get rate() {
    if (this.frozen || this.paused || this.mode === 'manual' || this.mode === 'stepped') return 0;
    return this.mode === 'scaled' ? this.scale : 1;
  }

  get isRunning() {
    return this.rate > 0;
  }

  now() {
    return this.base + (performance.now() - this.heard) * this.rate;
  }

  /** How far the clock is ahead of the machine's, in milliseconds. */
  get offset() {
    return this.now() - Date.now();
  }

  /** Stops at the present instant, because the emulator does not answer. */
  freeze() {
    if (this.frozen) return;
    this.base = this.now();
    this.heard = performance.now();
    this.frozen = true;
  }

  thaw() {
    this.frozen = false;
  }
}
