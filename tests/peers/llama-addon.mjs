// The llama.cpp that @node-llama-cpp/linux-x64 ships, started: its binding, with errors going to standard error.
import { createRequire } from "node:module";
import path from "node:path";

const binaries = path.join(import.meta.dirname, "..", "..", "artifacts", "peers", "node_modules", "@node-llama-cpp", "linux-x64", "bins", "linux-x64");
export const llama = createRequire(import.meta.url)(path.join(binaries, "llama-addon.node"));
const Errors = 2;
llama.setLogger((_, text) => process.stderr.write(text));
llama.setLoggerLogLevel(Errors);
llama.loadBackends();
llama.loadBackends(binaries);
await llama.init();
