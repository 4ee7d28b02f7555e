// Numbers, durations and instants as text. Instants are milliseconds since 1970, and are shown in UTC as the API gives them.

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const grouped = new Intl.NumberFormat('en-US');

export const number = (value) => grouped.format(value);

/** A number with three digits at most and a unit, for the scale of a curve. */
export function shortNumber(value) {
  for (const [unit, size] of [['B', 1e9], ['M', 1e6], ['k', 1e4]]) {
    if (value >= size) return `${(value / (unit === 'k' ? 1e3 : size)).toFixed(unit === 'k' ? 0 : 1)} ${unit}`;
  }
  return number(Math.round(value));
}

export const count = (value, singular, plural = `${singular}s`) => `${number(value)} ${value === 1 ? singular : plural}`;

const two = (value) => String(value).padStart(2, '0');

/** `09:41:30` */
export const time = (instant) => new Date(instant).toISOString().slice(11, 19);

/** `Tue 11 Aug 2026` */
export function date(instant) {
  const [, day, month, year] = new Date(instant).toUTCString().split(' ');
  return `${new Date(instant).toUTCString().slice(0, 3)} ${day} ${month} ${year}`;
}

/** The time, with the date if it is not the day of `now`. */
export function moment(instant, now) {
  return isSameDay(instant, now) ? time(instant) : `${date(instant).slice(4, 10)} ${time(instant)}`;
}

export const isSameDay = (one, other) => Math.floor(one / DAY) === Math.floor(other / DAY);

/** `1 min 49 s`: at most two units. */
export function duration(milliseconds) {
  const seconds = Math.abs(milliseconds) / SECOND;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  const rest = Math.round(seconds) % 60;
  if (minutes < 60) return `${minutes} min${rest && minutes < 20 ? ` ${two(rest)} s` : ''}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h${minutes % 60 ? ` ${two(minutes % 60)} min` : ''}`;
  return `${Math.floor(hours / 24)} d`;
}

/** An instant of the API, such as `2031-02-03T04:06:00.0000000Z`. */
export const parse = (text) => (text == null ? null : Date.parse(text));

/** `2026-08-11 09:41:30` */
export const dateTime = (instant) => new Date(instant).toISOString().slice(0, 19).replace('T', ' ');

/** The instant of a date and a time that the viewer wrote. A time alone is one of the day of `now`. `null` if it is neither. */
export function parseDateTime(text, now) {
  const [, day, hours, rest] = /^(?:(\d{4}-\d\d-\d\d)[T ]\s*)?(\d{1,2})((?::\d\d){1,2})Z?$/i.exec(text.trim()) ?? [];
  const instant = Date.parse(`${day ?? dateTime(now).slice(0, 10)}T${two(hours)}${rest}Z`);
  return Number.isNaN(instant) ? null : instant;
}

export const iso = (instant) => new Date(instant).toISOString();

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const isGuid = (text) => GUID.test(text);
