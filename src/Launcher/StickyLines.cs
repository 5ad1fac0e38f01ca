using System.Text;

namespace SparkTrain.Launcher;

/// <summary>Lines that stay below what is written to a terminal.</summary>
/// <param name="output">The terminal.</param>
/// <param name="size">Its columns and rows.</param>
internal sealed class StickyLines(TextWriter output, Func<(int Columns, int Rows)> size)
{
    // So many rows are left to what scrolls.
    private const int RowsAbove = 4;

    private readonly Lock guard = new();
    private IReadOnlyList<string> lines = [];
    private int drawn;

    /// <summary>Replaces the lines; none removes them. They are cut to the terminal's width, and left out where it is too low.</summary>
    public void Show(IReadOnlyList<string> shown)
    {
        lock (guard)
        {
            lines = shown;
            output.Write(Erase() + Draw());
        }
    }

    /// <summary>Returns a writer whose lines stand above these.</summary>
    /// <param name="target">Where it writes: the terminal, or something else that may be shown on it.</param>
    public TextWriter Above(TextWriter target) => new Writer(this, target);

    private string Erase()
    {
        // The terminal itself may have shown a key, such as ^C, at the beginning of the row below.
        string erase = drawn > 0 ? $"\r\e[{drawn}A\e[J" : "";
        drawn = 0;
        return erase;
    }

    private string Draw()
    {
        if (lines.Count == 0) return "";
        var (columns, rows) = size();
        if (rows < lines.Count + RowsAbove) return "";
        drawn = lines.Count;
        return string.Concat(lines.Select(line => (line.Length < columns ? line : line[..Math.Max(0, columns - 1)]) + "\n"));
    }

    private void Write(TextWriter target, string text)
    {
        lock (guard)
        {
            if (drawn > 0) output.Write(Erase());
            target.Write(text);
            if (lines.Count > 0) output.Write(Draw());
        }
    }

    private sealed class Writer(StickyLines below, TextWriter target) : TextWriter
    {
        public override Encoding Encoding => target.Encoding;

        public override void Write(char value) => below.Write(target, value.ToString());

        public override void Write(char[] buffer, int index, int count) => below.Write(target, new string(buffer, index, count));

        public override void Write(string? value) => below.Write(target, value ?? "");

        public override void WriteLine(string? value) => below.Write(target, value + CoreNewLine.AsSpan().ToString());

        public override void Flush() => target.Flush();
    }
}
