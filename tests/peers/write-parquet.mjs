// Writes the same documents with DuckDB and with arrow-rs in many layouts: node write-parquet.mjs FOLDER
// FOLDER/files.json lists the files, FOLDER/documents.json holds what was written, null where a row is null.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { documents, filled, small, texts, tokens } from './documents.mjs';
import { peer } from './peers.mjs';

const [folder] = process.argv.slice(2);
const [arrow, rust, { DuckDBInstance }] = await Promise.all(['apache-arrow', 'parquet-wasm', '@duckdb/node-api'].map(peer));

writeFileSync(join(folder, 'documents.json'), JSON.stringify(documents));

const files = [];
const add = (name, rows) => {
    files.push({ name: `${name}.parquet`, rows });
    return join(folder, `${name}.parquet`);
};

// --- DuckDB
const duck = await (await DuckDBInstance.create(':memory:')).connect();
await duck.run(`create table d as select * from read_json('${join(folder, 'documents.json')}', columns={texts: 'varchar[]', tokens: 'integer[][]', small: 'integer[][]'}, maximum_object_size=100000000)`);
await duck.run('create table text as select unnest(texts) as text from d');
await duck.run('create table tokens as select unnest(tokens) as tokens, unnest(tokens)::bigint[] as wide from d');
await duck.run('create table small as select unnest(small) as tokens from d');
const copy = (name, rows, query, options) => duck.run(`copy (${query}) to '${add(`duckdb-${name}`, rows)}' (format parquet, row_group_size 256, ${options})`);
for (const compression of ['uncompressed', 'snappy', 'zstd', 'gzip', 'lz4_raw', 'brotli']) {
    for (const version of ['V1', 'V2']) {
        const options = `compression ${compression}, parquet_version ${version}`;
        await copy(`text-${compression}-${version}`, 'texts', 'select 1 as id, text from text', options);
        await copy(`int32-${compression}-${version}`, 'tokens', 'select tokens from tokens', options);
        await copy(`int64-${compression}-${version}`, 'tokens', 'select wide as input_ids from tokens', options);
    }
}
for (const type of ['utinyint', 'tinyint', 'usmallint', 'smallint', 'uinteger', 'ubigint'])
    await copy(type, 'small', `select tokens::${type}[] as tokens from small`, 'compression snappy');
await copy('text-plain', 'texts', 'select text from text', 'compression zstd, dictionary_size_limit 1');
await duck.run("set force_mbedtls_unsafe = 'true'");
await duck.run("pragma add_parquet_key('key', '0123456789112345')");
await copy('encrypted', 'refused', 'select text from text', "encryption_config {footer_key: 'key'}");
await copy('lists-of-lists', 'refused', 'select [tokens] as tokens from tokens', 'compression snappy');
await copy('numbers', 'refused', 'select 1.5 as text', 'compression snappy');
await copy('null-token', 'refused', 'select [1, null, 3] as tokens', 'compression snappy');
await copy('large-token', 'refused', 'select [1, 4294967296] as tokens', 'compression snappy');
await copy('negative-token', 'refused', 'select [1, -1] as tokens', 'compression snappy');

// --- arrow-rs, whose files have the layout of pyarrow's
const { Compression, Encoding, WriterVersion, WriterPropertiesBuilder } = rust;
const write = (name, rows, column, type, values, set = p => p, isNullable = true) => {
    const table = new arrow.Table(new arrow.Schema([new arrow.Field(column, type, isNullable)]), { [column]: arrow.vectorFromArray(values, type) });
    const properties = set(new WriterPropertiesBuilder().setMaxRowGroupSize(300).setDataPageSizeLimit(4000).setWriteBatchSize(64)).build();
    writeFileSync(add(`arrow-${name}`, rows), rust.writeParquet(rust.Table.fromIPCStream(arrow.tableToIPC(table, 'stream')), properties));
};
const list = (value, name = 'element', isNullable = true) => new arrow.List(new arrow.Field(name, value, isNullable));
const int32 = list(new arrow.Int32());
const V2 = p => p.setWriterVersion(WriterVersion.V2);
const plain = p => p.setDictionaryEnabled(false);
const encode = encoding => p => plain(p).setEncoding(encoding);
for (const compression of ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD', 'LZ4', 'LZ4_RAW']) {
    for (const [version, is2] of [['V1', p => p], ['V2', V2]]) {
        const set = p => is2(p).setCompression(Compression[compression]);
        write(`text-${compression}-${version}`, 'texts', 'text', new arrow.Utf8(), texts, set);
        write(`list-${compression}-${version}`, 'tokens', 'tokens', int32, tokens, set);
        write(`list-plain-${compression}-${version}`, 'tokens', 'tokens', int32, tokens, p => plain(set(p)));
    }
}
for (const encoding of ['PLAIN', 'DELTA_BINARY_PACKED', 'BYTE_STREAM_SPLIT']) {
    write(`list-${encoding}`, 'tokens', 'tokens', int32, tokens, encode(Encoding[encoding]));
    write(`list64-${encoding}`, 'tokens', 'tokens', list(new arrow.Int64()), tokens.map(row => row?.map(BigInt) ?? null), p => V2(encode(Encoding[encoding])(p)));
}
for (const encoding of ['PLAIN', 'DELTA_LENGTH_BYTE_ARRAY', 'DELTA_BYTE_ARRAY']) {
    write(`text-${encoding}`, 'texts', 'text', new arrow.Utf8(), texts, encode(Encoding[encoding]));
    write(`text-${encoding}-V2`, 'texts', 'text', new arrow.LargeUtf8(), texts, p => V2(encode(Encoding[encoding])(p)));
}
write('large-list', 'tokens', 'tokens', new arrow.LargeList(new arrow.Field('item', new arrow.Int32(), true)), tokens);
write('list-item-required', 'tokens', 'tokens', list(new arrow.Int32(), 'item', false), tokens, p => p.setCompression(Compression.SNAPPY));
write('list-array', 'tokens', 'tokens', list(new arrow.Int32(), 'array'), tokens, p => p.setCompression(Compression.SNAPPY));
write('other-name', 'tokens', 'ids', int32, tokens);
write('large-text', 'texts', 'text', new arrow.LargeUtf8(), texts, p => p.setCompression(Compression.ZSTD));
write('text-dictionary-overflow', 'texts', 'text', new arrow.Utf8(), texts, p => p.setDictionaryPageSizeLimit(1000));
for (const [name, type] of [['uint8', new arrow.Uint8()], ['int16', new arrow.Int16()], ['uint16', new arrow.Uint16()], ['uint32', new arrow.Uint32()]])
    write(name, 'small', 'input_ids', list(type), small, p => p.setCompression(Compression.SNAPPY));
write('text-tiny-pages', 'texts', 'text', new arrow.Utf8(), texts, p => p.setDataPageSizeLimit(1).setWriteBatchSize(1));
write('list-tiny-pages-V2', 'tokens', 'tokens', int32, tokens, p => V2(p).setDataPageSizeLimit(1).setWriteBatchSize(1).setMaxRowGroupSize(50));
write('list-required', 'filled', 'tokens', list(new arrow.Int32(), 'element', false), filled, p => p, false);
write('empty', 'none', 'text', new arrow.Utf8(), []);
writeFileSync(join(folder, 'files.json'), JSON.stringify(files));
