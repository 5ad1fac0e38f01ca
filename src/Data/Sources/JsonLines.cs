using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>Reads files of one JSON object a line; the text is one of its fields. Blank lines are passed over.</summary>
internal static class JsonLines
{
    // Small enough for the ordinary heap: every block is a new one, because its lines are decoded by others while the next is read.
    private const int BlockBytes = 1 << 16, MaxLineBytes = 1 << 30;

    public static IEnumerable<SourceRecord> Read(string file, Stream stream, string textField)
    {
        using (stream)
        {
            var number = 0L;
            foreach (var line in Lines(file, stream))
            {
                number++;
                var content = number == 1 && line.Span.StartsWith("\uFEFF"u8) ? line[3..] : line;
                if (!content.Span.Trim(" \t\r"u8).IsEmpty) yield return new JsonLine(file, number, content, textField);
            }
        }
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Lines(string file, Stream stream)
    {
        var block = new byte[BlockBytes];
        var (start, filled, searched) = (0, 0, 0);
        while (true)
        {
            var newline = block.AsSpan(searched, filled - searched).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                yield return block.AsMemory(start, searched + newline - start);
                start = searched = searched + newline + 1;
                continue;
            }
            if (filled == block.Length)
            {
                var begun = block.AsSpan(start);
                if (begun.Length >= MaxLineBytes) throw new DataException(file, "a line is longer than 1 GiB", "shorter documents", "cut the document");
                var next = new byte[Math.Max(BlockBytes, begun.Length * 2)];
                begun.CopyTo(next);
                (block, start, filled) = (next, 0, begun.Length);
            }
            searched = filled;
            var read = stream.Read(block.AsSpan(filled));
            filled += read;
            if (read > 0) continue;
            if (filled > start) yield return block.AsMemory(start, filled - start);
            yield break;
        }
    }
}
