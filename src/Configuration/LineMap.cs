using System.Text;

namespace SparkTrain.Configuration;

/// <summary>Turns byte offsets of a UTF-8 text into lines and columns, both counted from 1, columns in characters.</summary>
internal sealed class LineMap
{
    private readonly byte[] text;
    private readonly List<int> starts = [0];

    public LineMap(byte[] text)
    {
        this.text = text;
        for (var i = 0; i < text.Length; i++)
            if (text[i] == (byte)'\n')
                starts.Add(i + 1);
    }

    public (int Line, int Column) At(long offset)
    {
        var found = starts.BinarySearch((int)offset);
        var line = found >= 0 ? found : ~found - 1;
        return (line + 1, Encoding.UTF8.GetCharCount(text.AsSpan(starts[line]..(int)offset)) + 1);
    }

    public (int Line, int Column) At(long lineFromZero, long byteInLine) =>
        At(Math.Min(starts[(int)lineFromZero] + byteInLine, text.Length));

    public string Line(int line)
    {
        var end = line < starts.Count ? starts[line] : text.Length;
        return Encoding.UTF8.GetString(text.AsSpan(starts[line - 1]..end)).TrimEnd('\r', '\n');
    }
}
