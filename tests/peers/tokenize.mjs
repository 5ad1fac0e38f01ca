// Encodes texts with Hugging Face's JavaScript tokenizers.
//   node tokenize.mjs FOLDER_OF_A_TOKENIZER < TEXTS_AS_A_JSON_ARRAY > IDS_AS_AN_ARRAY_OF_ARRAYS
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const installed = createRequire(fileURLToPath(new URL("../../artifacts/peers/package.json", import.meta.url)));
const { Tokenizer } = installed("@huggingface/tokenizers");
const [definition, config] = ["tokenizer.json", "tokenizer_config.json"].map((name) => JSON.parse(readFileSync(join(process.argv[2], name))));
const tokenizer = new Tokenizer(definition, config);
const texts = JSON.parse(readFileSync(0));
process.stdout.write(JSON.stringify(texts.map((text) => tokenizer.encode(text, { add_special_tokens: false }).ids)));
