// Keeps a GGUF model loaded in the llama.cpp that @node-llama-cpp/linux-x64 ships, and times it on request.
//   node llama-bench.mjs MODEL CONTEXT [mmap] [flash]
// CONTEXT is the number of tokens that fit. Requests come on standard input and answers go to standard output, a JSON object a line each:
// { "fill": N } lets the sequence hold N tokens, by a real prefill or by removing the last ones; { "decode": N, "threads": T } times N steps behind them and
// removes these again; { "prefill": N, "threads": T } times the prefill of an empty sequence. The answer is { "seconds": S }. Keys and values are float16.
import { createInterface } from "node:readline";
import { llama } from "../../tests/peers/llama-addon.mjs";

const Batch = 512, Sequence = 0;

const [file, contextSize, ...options] = process.argv.slice(2);
const model = new llama.AddonModel(file, { addonExports: llama, gpuLayers: 0, useMmap: options.includes("mmap") });
if (!await model.init()) throw new Error("the model was not loaded");
const state = await context(Number(contextSize) + 1);
let length = 0, random = 1, prompt = null, promptSize = 0;

console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    state.setThreads(request.threads ?? 0);
    const seconds = "fill" in request ? await fill(request.fill) : "decode" in request ? await decode(request.decode) : await prefill(request.prefill, request.threads);
    console.log(JSON.stringify({ seconds }));
}
process.exit(0);

async function context(size) {
    const made = new llama.AddonContext(model, { contextSize: size, batchSize: Batch, sequences: 1, flashAttention: options.includes("flash") });
    if (!await made.init()) throw new Error("the context was not made");
    return made;
}

async function fill(count) {
    if (count < length) remove(count);
    const seconds = await append(state, length, count - length, Batch);
    length = count;
    return seconds;
}

async function decode(count) {
    const seconds = await append(state, length, count, 1);
    remove(length);
    return seconds;
}

async function prefill(count, threads) {
    if (count !== promptSize) {
        await prompt?.dispose();
        [prompt, promptSize] = [await context(count), count];
    }
    prompt.setThreads(threads);
    const seconds = await append(prompt, 0, count, Batch);
    prompt.disposeSequence(Sequence);
    return seconds;
}

function remove(from) {
    if (!state.removeTokenCellsFromSequence(Sequence, from, -1)) throw new Error(`tokens from ${from} on were not removed`);
    length = from;
}

// Random tokens, at most so many at once, each time with the logits behind the last one.
async function append(to, at, count, atOnce) {
    const start = performance.now();
    for (const end = at + count; at < end;) {
        const tokens = Uint32Array.from({ length: Math.min(atOnce, end - at) }, next);
        to.initBatch(tokens.length);
        to.addToBatch(Sequence, at, tokens, Uint32Array.of(tokens.length - 1));
        await to.decodeBatch();
        at += tokens.length;
    }
    return (performance.now() - start) / 1000;
}

function next() {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    return Math.floor(random / 2 ** 32 * 256);
}
