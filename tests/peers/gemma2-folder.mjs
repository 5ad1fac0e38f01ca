// Writes a Gemma-2 model folder as Hugging Face's save_pretrained lays one out: config.json, shards with an index, tensors sorted by name inside a shard,
// a header that is padded with spaces to 8 bytes and says {"format":"pt"}. Weights are random bfloat16 numbers, subnormal ones and both zeros among them.
//   node gemma2-folder.mjs FOLDER '{ "transformers": 5, "maxShardBytes": 20000, "vocab_size": 320, … }'
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";

const [folder, text] = process.argv.slice(2);
const { transformers = 4, maxShardBytes = 5e9, seed = 1, repeatsHead = false, ...given } = JSON.parse(text);
const shape = {
    vocab_size: 320, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 3, num_attention_heads: 4, num_key_value_heads: 2, head_dim: 16,
    query_pre_attn_scalar: 16, sliding_window: 16, max_position_embeddings: 96, ...given,
};
const common = {
    architectures: ["Gemma2ForCausalLM"], attention_bias: false, attention_dropout: 0.0, attn_logit_softcapping: 50.0, bos_token_id: 2, cache_implementation: "hybrid",
    eos_token_id: 1, final_logit_softcapping: 30.0, hidden_act: "gelu_pytorch_tanh", hidden_activation: "gelu_pytorch_tanh", initializer_range: 0.02, model_type: "gemma2",
    pad_token_id: 0, rms_norm_eps: 1e-6, use_cache: true, ...shape,
};
const layers = [...Array(shape.num_hidden_layers).keys()];
const config = transformers < 5
    ? { ...common, rope_theta: 10000.0, torch_dtype: "bfloat16", transformers_version: "4.42.4" }
    : {
        ...common, dtype: "bfloat16", layer_types: layers.map(layer => layer % 2 ? "full_attention" : "sliding_attention"),
        rope_parameters: { rope_theta: 10000.0, rope_type: "default" }, use_bidirectional_attention: null, transformers_version: "5.0.0",
    };

const { hidden_size: d, intermediate_size: f } = shape, q = shape.num_attention_heads * shape.head_dim, kv = shape.num_key_value_heads * shape.head_dim;
const tensors = [["model.embed_tokens.weight", [shape.vocab_size, d]]];
for (const layer of layers)
    for (const [name, size] of Object.entries({
        "self_attn.q_proj": [q, d], "self_attn.k_proj": [kv, d], "self_attn.v_proj": [kv, d], "self_attn.o_proj": [d, q], "mlp.gate_proj": [f, d], "mlp.up_proj": [f, d],
        "mlp.down_proj": [d, f], "input_layernorm": [d], "post_attention_layernorm": [d], "pre_feedforward_layernorm": [d], "post_feedforward_layernorm": [d],
    })) tensors.push([`model.layers.${layer}.${name}.weight`, size]);
tensors.push(["model.norm.weight", [d]]);
if (repeatsHead) tensors.push(["lm_head.weight", [shape.vocab_size, d]]);

const bytesOf = ([, size]) => 2 * size.reduce((a, b) => a * b);
const shards = [];
for (const tensor of tensors) {
    if (!shards.length || shards.at(-1).bytes + bytesOf(tensor) > maxShardBytes) shards.push({ bytes: 0, tensors: [] });
    shards.at(-1).bytes += bytesOf(tensor);
    shards.at(-1).tensors.push(tensor);
}
const pad = number => String(number).padStart(5, "0");
const nameOf = index => shards.length === 1 ? "model.safetensors" : `model-${pad(index + 1)}-of-${pad(shards.length)}.safetensors`;

mkdirSync(folder, { recursive: true });
writeFileSync(path.join(folder, "config.json"), JSON.stringify(Object.fromEntries(Object.entries(config).sort(([a], [b]) => a < b ? -1 : 1)), null, 2) + "\n");
const map = {};
for (const [index, shard] of shards.entries()) {
    shard.tensors.sort(([a], [b]) => a < b ? -1 : 1);
    for (const [name] of shard.tensors) map[name] = nameOf(index);
    write(path.join(folder, nameOf(index)), shard.tensors);
}
if (shards.length > 1) {
    const sorted = Object.fromEntries(Object.entries(map).sort(([a], [b]) => a < b ? -1 : 1));
    const total = shards.reduce((sum, shard) => sum + shard.bytes, 0);
    writeFileSync(path.join(folder, "model.safetensors.index.json"), JSON.stringify({ metadata: { total_parameters: total / 2, total_size: total }, weight_map: sorted }, null, 2) + "\n");
}

function write(file, tensors) {
    const entries = { __metadata__: { format: "pt" } };
    let at = 0;
    for (const tensor of tensors) entries[tensor[0]] = { dtype: "BF16", shape: tensor[1], data_offsets: [at, at += bytesOf(tensor)] };
    let header = JSON.stringify(entries);
    header += " ".repeat((8 - Buffer.byteLength(header) % 8) % 8);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
    const opened = openSync(file, "w");
    writeSync(opened, length);
    writeSync(opened, header);
    for (const tensor of tensors) random(tensor[0], bytesOf(tensor) / 2, values => writeSync(opened, values));
    closeSync(opened);
}

// The head repeats the embedding's numbers, as that of a tied model does.
function random(name, count, use) {
    let state = seed;
    for (const letter of name === "lm_head.weight" ? "model.embed_tokens.weight" : name) state = Math.imul(state ^ letter.codePointAt(0), 16777619) >>> 0 || 1;
    for (let left = count; left > 0; left -= 1 << 20) {
        const values = new Uint16Array(Math.min(left, 1 << 20));
        for (let i = 0; i < values.length; i++) {
            state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
            // A sign, an exponent from that of subnormal numbers and zero up to that of ½, or one near it for most, and seven bits behind the point.
            const bits = state >>> 0, exponent = bits % 16 ? 110 + bits % 16 : (bits >>> 4) % 127;
            values[i] = (bits >>> 16 & 0x8000) | exponent << 7 | (bits >>> 24 & (exponent ? 0x7f : bits >>> 8));
        }
        use(new Uint8Array(values.buffer));
    }
}
