// The documents that other programs write for our readers.

// A linear congruential generator: the same documents every time.
let state = 12345;
const random = below => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor(state / 4294967296 * below);
};
const words = ['Ähre', 'token', '三', '😀', 'shard', 'row', 'group', 'naïve', 'page', 'list', '\t', '"quoted"'];
const sentence = count => Array.from({ length: count }, () => words[random(words.length)] + random(count)).join(' ');

export const texts = Array.from({ length: 900 }, (_, i) =>
    i % 31 === 4 ? null : i % 29 === 3 ? '' : i % 3 === 0 ? `again and again ${i % 7}` : i === 500 ? sentence(9000) : sentence(1 + random(30)));
export const tokens = Array.from({ length: 700 }, (_, i) =>
    i % 31 === 4 ? null : i % 29 === 3 ? [] : Array.from({ length: i === 300 ? 5000 : 1 + random(90) }, (_, k) => i % 5 === 0 ? 7 : i % 5 === 1 ? k : random(i % 5 === 2 ? 200 : 250000)));
tokens[10] = [0, 2147483647, 1];
export const small = tokens.map(row => row?.map(id => id % 128) ?? null);
export const filled = tokens.map(row => row ?? []);
export const documents = { texts, tokens, small, filled, none: [], nulls: Array(20).fill(null) };
