// Finds the programs that scripts/install-peers.sh installs.
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const installed = createRequire(fileURLToPath(new URL('../../artifacts/peers/package.json', import.meta.url)));

export const peer = async name => {
    const module = await import(pathToFileURL(installed.resolve(name)));
    return module.default && Object.keys(module.default).length > 1 ? { ...module, ...module.default } : module;
};
