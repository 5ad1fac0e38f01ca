using System.Text.Json;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>Reads JSON whose records are no lines: the elements of an array, or objects that go over several lines. One record is in memory at a time.</summary>
internal static class JsonValues
{
    private const int BlockBytes = 1 << 16, MaxValueBytes = 1 << 30;

    /// <summary>Nesting that is read: what is beside the text may be deep.</summary>
    public const int MaxDepth = 1000;

    /// <summary>How every JSON record is read.</summary>
    public static JsonReaderOptions Options => new() { MaxDepth = MaxDepth };

    /// <summary>Reads the records of a file, which the enumeration closes.</summary>
    public static IEnumerable<SourceRecord> Read(string file, Stream stream, string textField)
    {
        using (stream)
        {
            var values = new Values(file, stream);
            while (values.TryNext(out var value, out long line)) yield return new JsonLine(file, line, value, textField);
        }
    }

    private sealed class Values(string file, Stream stream)
    {
        private byte[] block = new byte[BlockBytes];
        private int start, filled;
        private long line = 1;
        private bool isEnd, isArray, isFirst = true, wantsComma;

        public bool TryNext(out ReadOnlyMemory<byte> value, out long firstLine)
        {
            while (true)
            {
                SkipSpace();
                if (start == filled)
                {
                    if (Fill()) continue;
                    if (isArray) throw Broken("the array is cut off", null);
                    (value, firstLine) = (default, line);
                    return false;
                }
                byte next = block[start];
                if (!isArray && isFirst && next == '[') (isArray, isFirst, start) = (true, false, start + 1);
                else if (isArray && next == ']') (isArray, start) = (false, start + 1);
                else if (isArray && wantsComma && next == ',') (wantsComma, start) = (false, start + 1);
                else if (isArray && wantsComma) throw Broken("a comma is missing between two values", null);
                else if (Length() is { } length)
                {
                    firstLine = line;
                    value = block.AsMemory(start, length);
                    line += value.Span.Count((byte)'\n');
                    start += length;
                    (isFirst, wantsComma) = (false, isArray);
                    return true;
                }
                else if (!Fill()) throw Broken("a value is cut off", null);
            }
        }

        // Of the value that begins here; null where more of it must be read.
        private int? Length()
        {
            var reader = new Utf8JsonReader(block.AsSpan(start, filled - start), isEnd, new JsonReaderState(Options));
            try
            {
                return reader.Read() && reader.TrySkip() && (isEnd || reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray or JsonTokenType.String) ? (int)reader.BytesConsumed : null;
            }
            catch (JsonException e) when (!isEnd || !e.Message.Contains("end of data", StringComparison.Ordinal))
            {
                // A reader is not told that values may follow each other; what follows a whole one is not its matter.
                if (reader.CurrentDepth == 0 && reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray) return (int)reader.BytesConsumed;
                throw Broken($"it is not JSON ({e.Reason()})", e);
            }
            catch (JsonException)
            {
                return null;
            }
        }

        private void SkipSpace()
        {
            if (isFirst && block.AsSpan(start, filled - start).StartsWith("\uFEFF"u8)) start += 3;
            for (; start < filled && block[start] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n'; start++)
                if (block[start] == '\n') line++;
        }

        // Values are handed out as parts of the block, so a block is never written to again.
        private bool Fill()
        {
            if (isEnd) return false;
            var begun = block.AsSpan(start, filled - start);
            if (begun.Length >= MaxValueBytes) throw new DataException($"{file}:{line}", "a value is longer than 1 GiB", "shorter documents", "cut the document");
            var next = new byte[Math.Max(BlockBytes, begun.Length * 2)];
            begun.CopyTo(next);
            (block, start, filled) = (next, 0, begun.Length);
            int read = stream.ReadAtLeast(block.AsSpan(filled), block.Length - filled, throwOnEndOfStream: false);
            filled += read;
            isEnd = filled < block.Length;
            return true;
        }

        private DataException Broken(string found, Exception? inner) => new(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{file}:{line}"), found, "JSON objects, one behind the other or in one array", "repair or fetch the file again", inner);
    }
}
