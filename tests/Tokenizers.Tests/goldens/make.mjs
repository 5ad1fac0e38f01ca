// Writes tokenizer-parity.json: ids that Hugging Face's JavaScript reference gives for hard strings.
//   npm install @huggingface/tokenizers@0.2.0 && node make.mjs
// The strings leave out U+0085 and U+FEFF: JavaScript's \s differs there from Unicode's White_Space, which the Rust original uses.
import { readFileSync, writeFileSync } from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";

const here = new URL(".", import.meta.url);
const base = JSON.parse(readFileSync(new URL("bpe-1024/tokenizer.json", here)));
const config = JSON.parse(readFileSync(new URL("bpe-1024/tokenizer_config.json", here)));

const texts = [
  "", " ", "  ", "\n", "\n\n", " \n", "\n ", "a", " a", "  a", "   a b", "a\n\nb", "a \n \n b", "a\r\nb\r\n", "\t\tint x;\r\n\r\n\t}", "end   ", "end \n",
  "The tokenizer reads text.", "public sealed class TokenDataset : IDisposable\n{\n    private readonly long[] starts;\n}\n",
  "don't I'll we've they're I'm he'd it's DON'T I'LL WE'VE 'tis 'S ''s '", "x'y'z 'll'", "1 12 123 1234 12345 3.14159 1,000,000 0x1F 2²³ ½ Ⅷ ٣٤٥٦",
  "naïve café Ångström ß Straße ĳ Ǆ", "cafe\u0301 a\u0300\u0301\u0302 \u0301x", "日本語のテキスト。中文，标点！한국어 문장입니다.", "Привет, мир! Γειά σου κόσμε שלום مرحبا हिन्दी",
  "👍🏽 👨‍👩‍👧‍👦 🇩🇪 emoji😀😀end ❤️", "𝐀𝐁𝐜 𝟘𝟙𝟚𝟛 𐍈𐌰 𠀀𠀁", "\u0000\u0001\u001b[0m\u007f", "a\u00a0b\u2003c\u3000d\u2028e\u200bf", "tab\tseparated\tvalues\t\tend",
  "=== --- *** /// !!! ??? ...\n\n...\r\n;;;\n\n\nx", "!\n\n?", " !", "  !!", "\t!", "(foo)[bar]{baz}<qux>", "snake_case camelCase PascalCase SCREAMING_CASE kebab-case", "https://example.org/a?b=c&d=%20#e",
  "for (var i = 0; i < n; i++) sum += a[i] * b[i]; // comment", "            deeply indented", "trailing spaces    \nnext", "a" + " ".repeat(40) + "b", "\n".repeat(30) + "x", "ab".repeat(200),
  "=".repeat(300), "é".repeat(150), "a<eos>b", "<bos>x<eos>", "<bos", "eos> <eos", "x <eos>\n", "ſ 'ſ K",
];

const llama = base.pre_tokenizer;
const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
const split = (Regex) => ({ type: "Sequence", pretokenizers: [{ type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false }, byteLevel] });
const variants = [
  { name: "ours, which is Llama 3's expression", pre_tokenizer: llama, ignore_merges: false },
  { name: "Llama 3: whole words first", pre_tokenizer: llama, ignore_merges: true },
  { name: "GPT-2", pre_tokenizer: { ...byteLevel, use_regex: true }, ignore_merges: false },
  { name: "digits one by one", pre_tokenizer: split(llama.pretokenizers[0].pattern.Regex.replace("{1,3}", "")), ignore_merges: false },
  { name: "only words are matched", pre_tokenizer: split("\\p{L}+"), ignore_merges: false },
];

// A vocabulary of characters with space marks and byte fall-back, shaped like Gemma's. Its merges are ours where both sides are text.
function gemmaLike() {
  const pieces = ["<pad>", "<eos>", "<bos>", "<unk>", "\n\n", "\n\n\n", "\n\n\n\n", "<table>", "\u2581\u2581"];
  for (let b = 0; b < 256; b++) pieces.push(`<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`);
  const ascii = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
  pieces.push("\n", "\t", "\u2581", ...ascii, ..."éßЖ日本語의");
  const known = new Set(pieces);
  const merges = [];
  const add = (a, b) => {
    if (!known.has(a) || !known.has(b) || a === "" || b === "") return;
    merges.push([a, b]);
    if (!known.has(a + b)) { known.add(a + b); pieces.push(a + b); }
  };
  for (let n = 1; n < 16; n++) add("\u2581", "\u2581".repeat(n));
  for (const merge of base.model.merges) {
    const [a, b] = merge.split(" ").map((s) => s.replaceAll("Ġ", "\u2581"));
    if (/^[\u2581]*[!-~]*$/.test(a + b)) add(a, b);
  }
  add("日", "本");
  const special = (id) => ({ id, content: pieces[id], single_word: false, lstrip: false, rstrip: false, normalized: false, special: id < 4 });
  return {
    version: "1.0", truncation: null, padding: null, added_tokens: [0, 1, 2, 3, 4, 5, 6, 7, 8].map(special),
    normalizer: { type: "Replace", pattern: { String: " " }, content: "\u2581" },
    pre_tokenizer: { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious", invert: false },
    post_processor: null,
    decoder: { type: "Sequence", decoders: [{ type: "Replace", pattern: { String: "\u2581" }, content: " " }, { type: "ByteFallback" }, { type: "Fuse" }] },
    model: { type: "BPE", dropout: null, unk_token: "<unk>", continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: true, byte_fallback: true, ignore_merges: false,
      vocab: Object.fromEntries(pieces.map((p, i) => [p, i])), merges },
  };
}

const gemma = gemmaLike();
const result = {
  reference: "@huggingface/tokenizers 0.2.0", texts,
  byteLevel: variants.map((v) => {
    const json = { ...base, pre_tokenizer: v.pre_tokenizer, model: { ...base.model, ignore_merges: v.ignore_merges } };
    const tokenizer = new Tokenizer(json, config);
    return { ...v, ids: texts.map((t) => tokenizer.encode(t, { add_special_tokens: false }).ids) };
  }),
  gemmaLike: { tokenizer: gemma, ids: (() => { const t = new Tokenizer(gemma, config); return texts.map((s) => t.encode(s, { add_special_tokens: false }).ids); })() },
};
const arrays = JSON.stringify(result, null, 1).replace(/\[\s+([\d,\s]+?)\s+\]/g, (_, ids) => `[${ids.replace(/\s+/g, " ")}]`);
writeFileSync(new URL("tokenizer-parity.json", here), arrays + "\n");
