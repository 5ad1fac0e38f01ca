using System.Text;
using SparkTrain.Input;

namespace SparkTrain.Launcher;

/// <summary>
/// Spells out control and format characters of everything that is written: names and texts come from files that others made, and none is to act on the terminal.
/// In JSON the spelling stands for the same text.
/// </summary>
/// <param name="target">Where it goes.</param>
internal sealed class VisibleWriter(TextWriter target) : TextWriter
{
    public override Encoding Encoding => target.Encoding;

    public override void Write(char value) => Write(value.ToString());

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());

    public override void Write(string? value) => target.Write(Visible.Of(value ?? ""));

    public override void WriteLine() => target.WriteLine();

    public override void WriteLine(string? value) => target.WriteLine(Visible.Of(value ?? ""));

    public override void Flush() => target.Flush();
}
