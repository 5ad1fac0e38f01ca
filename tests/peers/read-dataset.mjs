// Reads a data set's shards and lengths with DuckDB, hyparquet and arrow-rs: node read-dataset.mjs DATASET OUTPUT
// OUTPUT/READER-SPLIT-COLUMN.bin holds all values, one after another, as little-endian int32.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { peer } from './peers.mjs';

const [dataset, output] = process.argv.slice(2);
const [arrow, rust, { DuckDBInstance }, hyparquet] = await Promise.all(['apache-arrow', 'parquet-wasm', '@duckdb/node-api', 'hyparquet'].map(peer));
const duck = await (await DuckDBInstance.create(':memory:')).connect();

const byDuckDb = async (pattern, column) => (await duck.runAndReadAll(`select ${column} from read_parquet('${pattern}')`)).getColumns()[0] ?? [];
const byHyparquet = async (file, column) => {
    const bytes = readFileSync(file);
    return (await hyparquet.parquetReadObjects({ file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), columns: [column] })).map(row => row[column]);
};
const byArrowRs = async (file, column) => arrow.tableFromIPC(rust.readParquet(readFileSync(file)).intoIPCStream()).getChild(column).toArray();

for (const split of ['train', 'validation']) {
    for (const [folder, column] of [[dataset, 'tokens'], [join(dataset, 'lengths'), 'lengths']]) {
        const save = (reader, values) => writeFileSync(join(output, `${reader}-${split}-${column}.bin`), Int32Array.from(values));
        const files = readdirSync(folder).filter(name => name.startsWith(`${split}-`)).sort().map(name => join(folder, name));
        save('duckdb', await byDuckDb(join(folder, `${split}-*.parquet`), column));
        for (const [reader, read] of [['hyparquet', byHyparquet], ['arrow-rs', byArrowRs]])
            save(reader, (await Promise.all(files.map(file => read(file, column)))).flatMap(part => Array.from(part)));
    }
}
const groups = await duck.runAndReadAll(`select count(*) from parquet_metadata('${join(dataset, 'train-*.parquet')}')`);
writeFileSync(join(output, 'row-groups'), groups.getRows()[0][0].toString());
