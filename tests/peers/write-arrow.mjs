// Writes the same documents as Arrow files and streams with Arrow's JavaScript and with arrow-rs: node write-arrow.mjs FOLDER
// FOLDER/files.json lists the files, FOLDER/documents.json holds what was written, null where a row is null.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { documents, filled, small, texts, tokens } from './documents.mjs';
import { peer } from './peers.mjs';

const [folder] = process.argv.slice(2);
const [arrow, rust] = await Promise.all(['apache-arrow', 'parquet-wasm'].map(peer));

const files = [];
const add = (name, rows, bytes) => {
    files.push({ name, rows });
    writeFileSync(join(folder, name), bytes);
};

// Batches of 256 rows; a column of numbers before and behind, so that ours is neither first nor last.
const table = (column, type, values, of = vector => vector) => {
    const schema = new arrow.Schema([new arrow.Field('id', new arrow.Int64(), false), new arrow.Field(column, type, true), new arrow.Field('score', new arrow.Float64(), true)]);
    const batches = [];
    for (let i = 0; i < values.length || i === 0; i += 256) {
        const rows = values.slice(i, i + 256);
        const columns = [arrow.vectorFromArray(rows.map((_, k) => BigInt(i + k)), new arrow.Int64()), of(arrow.vectorFromArray(rows, type)), arrow.vectorFromArray(rows.map((_, k) => k % 3 ? k / 3 : null), new arrow.Float64())];
        batches.push(new arrow.RecordBatch(schema, arrow.makeData({ type: new arrow.Struct(schema.fields), length: rows.length, children: columns.map(c => c.data[0]) })));
    }
    return new arrow.Table(schema, batches);
};
const write = (name, rows, column, type, values) => {
    for (const format of ['stream', 'file']) add(`js-${name}-${format}.arrow`, rows, arrow.tableToIPC(table(column, type, values), format));
};
const list = value => new arrow.List(new arrow.Field('item', value, true));
write('string', 'texts', 'text', new arrow.Utf8(), texts);
write('large-string', 'texts', 'text', new arrow.LargeUtf8(), texts);
write('string-view', 'texts', 'text', new arrow.Utf8View(), texts);
write('binary', 'texts', 'text', new arrow.Binary(), texts.map(text => text === null ? null : Buffer.from(text)));
write('large-binary', 'texts', 'text', new arrow.LargeBinary(), texts.map(text => text === null ? null : Buffer.from(text)));
write('binary-view', 'texts', 'text', new arrow.BinaryView(), texts.map(text => text === null ? null : Buffer.from(text)));
write('null', 'nulls', 'text', new arrow.Null(), documents.nulls);
write('list', 'tokens', 'input_ids', list(new arrow.Int32()), tokens);
write('list64', 'tokens', 'tokens', list(new arrow.Int64()), tokens.map(row => row?.map(BigInt) ?? null));
write('large-list', 'tokens', 'tokens', new arrow.LargeList(new arrow.Field('item', new arrow.Int32(), true)), tokens);
write('other-name', 'tokens', 'ids', list(new arrow.Int32()), tokens);
write('empty', 'none', 'text', new arrow.Utf8(), []);
for (const [name, type] of [['uint8', new arrow.Uint8()], ['int8', new arrow.Int8()], ['uint16', new arrow.Uint16()], ['int16', new arrow.Int16()], ['uint32', new arrow.Uint32()]])
    write(name, 'small', 'input_ids', list(type), small);
const fours = filled.map((_, i) => i % 9 === 2 ? null : [i, i + 1, 0, 70000]);
documents.fours = fours;
write('fixed-size-list', 'fours', 'tokens', new arrow.FixedSizeList(4, new arrow.Field('item', new arrow.Int32(), true)), fours);
write('uint64', 'small', 'tokens', list(new arrow.Uint64()), small.map(row => row?.map(BigInt) ?? null));
write('list-filled', 'filled', 'tokens', list(new arrow.Int32()), filled);
write('no-text', 'refused', 'other', new arrow.Utf8(), texts);

// Dictionaries: one that all batches share, and one that grows with each batch.
for (const format of ['stream', 'file'])
    for (const index of [new arrow.Int8(), new arrow.Int32()]) {
        const few = texts.map(text => text === null ? null : Array.from(text).slice(0, 1).join(''));
        documents.few = few;
        add(`js-dictionary-${index}-${format}.arrow`, 'few', arrow.tableToIPC(new arrow.Table({ text: arrow.vectorFromArray(few, new arrow.Dictionary(new arrow.Utf8(), index)) }), format));
    }
const growing = texts.slice(0, 600);
documents.growing = growing;
const builder = arrow.makeBuilder({ type: new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()), nullValues: [null] });
const parts = [];
for (let i = 0; i < growing.length; i += 200) {
    for (const text of growing.slice(i, i + 200)) builder.append(text);
    parts.push(builder.flush());
}
add('js-dictionary-growing-stream.arrow', 'growing', arrow.tableToIPC(new arrow.Table({ text: new arrow.Vector(parts) }), 'stream'));

// --- arrow-rs
const throughRust = (name, rows, column, type, values) =>
    add(`rust-${name}.arrow`, rows, rust.Table.fromIPCStream(arrow.tableToIPC(table(column, type, values), 'stream')).intoIPCStream());
throughRust('string', 'texts', 'text', new arrow.Utf8(), texts);
throughRust('large-string', 'texts', 'text', new arrow.LargeUtf8(), texts);
throughRust('list', 'tokens', 'tokens', list(new arrow.Int32()), tokens);
writeFileSync(join(folder, 'documents.json'), JSON.stringify(documents));
writeFileSync(join(folder, 'files.json'), JSON.stringify(files));
