// The codes of bench/code.py: 32-bit numbers in the luma of a picture, a value and its CRC-32.
"use strict";

const BLACK = 40, WHITE = 210, DARK = 100, BRIGHT = 150, MIX = 0x5a5a5a5a;
const TICKS = 10; // a millisecond

const TABLE = new Uint32Array(256).map((_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc(value) {
  let sum = 0xffffffff;
  for (let shift = 24; shift >= 0; shift -= 8) {
    sum = TABLE[(sum ^ (value >>> shift)) & 255] ^ (sum >>> 8);
  }
  return ((sum ^ 0xffffffff) ^ MIX) >>> 0;
}

const clock = () => performance.timeOrigin + performance.now(); // ms since 1970
const ticks = () => Number(BigInt(Math.floor(clock() * TICKS)) & 0xffffffffn);
const elapsedMs = (now, then) => ((now - then) >>> 0) / TICKS;

function cellSize(width) {
  const cell = Math.max(4, Math.floor(width / 160 / 4) * 4);
  return [cell, 2 * cell];
}

// `luma` begins with the picture's first row; its rows are `stride` bytes apart.
function burn(luma, stride, width, value) {
  const [w, h] = cellSize(width);
  [value, crc(value)].forEach((word, row) => {
    for (let y = row * h; y < (row + 1) * h; y++) {
      for (let bit = 0; bit < 32; bit++) {
        const begin = y * stride + bit * w;
        luma.fill((word >>> (31 - bit)) & 1 ? WHITE : BLACK, begin, begin + w);
      }
    }
  });
}

function word(luma, stride, w, h, top) {
  let found = 0;
  for (let bit = 0; bit < 32; bit++) {
    let sum = 0;
    for (let y = top + 1; y < top + h - 1; y++) {
      for (let x = bit * w + 1; x < (bit + 1) * w - 1; x++) sum += luma[y * stride + x];
    }
    const mean = sum / ((w - 2) * (h - 2));
    if (mean > DARK && mean < BRIGHT) return null;
    found = ((found << 1) | (mean > DARK ? 1 : 0)) >>> 0;
  }
  return found;
}

// The value in row 0 or 1 of the codes; null when it is damaged or absent.
function read(luma, stride, width, row) {
  const [w, h] = cellSize(width);
  const value = word(luma, stride, w, h, row * 2 * h);
  const check = word(luma, stride, w, h, row * 2 * h + h);
  return value !== null && check === crc(value) ? value : null;
}
