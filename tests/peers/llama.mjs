// Runs a GGUF model with the llama.cpp that @node-llama-cpp/linux-x64 ships.
//   node llama.mjs MODEL REQUESTS
// The second file holds requests, JSON objects, one a line: { "text": "…" } asks for its tokens, { "tokens": […], "generate": N } for N greedy ones behind these,
// { "tokens": […] } for the log-probability of each but the first. Answers come in the same order: { "tokens": […] } or { "logprobs": […] }.
import { readFileSync } from "node:fs";
import { llama } from "./llama-addon.mjs";

const Float32 = 0, Batch = 512;
const model = new llama.AddonModel(process.argv[2], { addonExports: llama, gpuLayers: 0, useMmap: true });
if (!await model.init()) throw new Error("the model was not loaded");
const requests = readFileSync(process.argv[3], "utf8").split("\n").filter(line => line).map(line => JSON.parse(line));
for (const request of requests) console.log(JSON.stringify("text" in request ? tokenize(request.text) : "generate" in request ? await generate(request) : await score(request.tokens)));
process.exit(0);

function tokenize(text) {
    return { tokens: [...model.tokenize(text, false)], addsBos: model.shouldPrependBosToken(), bos: model.tokenBos(), eos: model.tokenEos() };
}

async function context() {
    const made = new llama.AddonContext(model, {
        contextSize: model.getTrainContextSize(), batchSize: Batch, sequences: 1, threads: 1, flashAttention: false, kvCacheKeyType: Float32, kvCacheValueType: Float32,
    });
    if (!await made.init()) throw new Error("the context was not made");
    return made;
}

async function generate({ tokens, generate: count }) {
    const state = await context(), sampler = new llama.AddonSampler(model), made = [];
    sampler.applyConfig({ temperature: 0 });
    let at = 0;
    for (let next = tokens; made.length < count; next = made.slice(-1)) {
        state.initBatch(next.length);
        const [last] = state.addToBatch(0, at, Uint32Array.from(next), Uint32Array.of(next.length - 1));
        await state.decodeBatch();
        at += next.length;
        made.push(await state.sampleToken(last, sampler));
    }
    await state.dispose();
    return { tokens: made };
}

async function score(tokens) {
    const state = await context(), sampler = new llama.AddonSampler(model), logprobs = [];
    sampler.applyConfig({ temperature: 0 });
    state.initBatch(tokens.length);
    const places = state.addToBatch(0, 0, Uint32Array.from(tokens), Uint32Array.from(tokens.keys()));
    await state.decodeBatch();
    for (let i = 0; i + 1 < tokens.length; i++) {
        const pairs = (await state.sampleToken(places[i], sampler, false, false, true))[3];
        const logits = new Map();
        for (let j = 0; j < pairs.length; j += 2) logits.set(pairs[j], pairs[j + 1]);
        const largest = Math.max(...logits.values());
        let sum = 0;
        for (const logit of logits.values()) sum += Math.exp(logit - largest);
        logprobs.push(logits.get(tokens[i + 1]) - largest - Math.log(sum));
    }
    await state.dispose();
    return { logprobs };
}
