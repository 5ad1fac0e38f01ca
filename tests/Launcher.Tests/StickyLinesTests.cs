namespace SparkTrain.Launcher.Tests;

/// <summary>Lines that stay at the bottom, on a screen that knows the few codes they are drawn with.</summary>
public sealed class StickyLinesTests : IDisposable
{
    private readonly Screen screen = new();
    private (int Columns, int Rows) size = (20, 24);

    public void Dispose() => screen.Dispose();

    [Fact]
    public void What_is_written_stands_above()
    {
        var terminal = Terminal("xterm");
        terminal.Out.WriteLine("first");
        terminal.ShowBelow(["a", "b"]);
        Assert.Equal(["first", "a", "b"], screen.Lines);
        terminal.Out.Write(new System.Text.StringBuilder("second\n"));
        terminal.Error.WriteLine("a warning");
        Assert.Equal(["first", "second", "a warning", "a", "b"], screen.Lines);
        terminal.ShowBelow(["c"]);
        terminal.Out.WriteLine();
        Assert.Equal(["first", "second", "a warning", "", "c"], screen.Lines);
        terminal.ShowBelow([]);
        terminal.Out.WriteLine("last");
        Assert.Equal(["first", "second", "a warning", "", "last"], screen.Lines);
    }

    [Fact]
    public void A_key_that_the_terminal_shows_goes_with_them()
    {
        var terminal = Terminal("xterm");
        terminal.ShowBelow(["abcdef"]);
        screen.Write("^C");
        terminal.Error.WriteLine("leaving");
        Assert.Equal(["leaving", "abcdef"], screen.Lines);
    }

    [Fact]
    public void Long_ones_are_cut_and_a_low_terminal_shows_none()
    {
        var terminal = Terminal("xterm");
        size = (10, 24);
        terminal.ShowBelow(["0123456789abc"]);
        Assert.Equal(["012345678"], screen.Lines);
        size = (10, 4);
        terminal.ShowBelow(["0123456789abc"]);
        terminal.Out.WriteLine("x");
        Assert.Equal(["x"], screen.Lines);
    }

    [Fact]
    public void Where_nobody_watches_there_are_none()
    {
        var terminal = Terminal("dumb");
        terminal.ShowBelow(["a"]);
        terminal.Out.WriteLine("x");
        Assert.Equal(["x"], screen.Lines);
    }

    private Terminal Terminal(string kind) => new(name => name == "TERM" ? kind : null, false, screen, screen, () => size);

    /// <summary>Knows line feed, carriage return, cursor up and erase below.</summary>
    private sealed class Screen : StringWriter
    {
        public string[] Lines
        {
            get
            {
                List<string> rows = [""];
                int row = 0, column = 0;
                string written = ToString();
                for (int i = 0; i < written.Length; i++)
                {
                    if (written[i] == '\e')
                    {
                        int end = written.IndexOfAny(['A', 'J'], i);
                        if (written[end] == 'A') row -= int.Parse(written[(i + 2)..end], System.Globalization.CultureInfo.InvariantCulture);
                        else rows = [.. rows[..row], rows[row][..column]];
                        i = end;
                    }
                    else if (written[i] == '\r') column = 0;
                    else if (written[i] == '\n')
                    {
                        (row, column) = (row + 1, 0);
                        if (row == rows.Count) rows.Add("");
                    }
                    else
                    {
                        rows[row] = rows[row].PadRight(column)[..column] + written[i] + (column + 1 < rows[row].Length ? rows[row][(column + 1)..] : "");
                        column++;
                    }
                }
                return [.. rows[..^1]];
            }
        }
    }
}
