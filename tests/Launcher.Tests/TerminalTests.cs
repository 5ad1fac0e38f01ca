namespace SparkTrain.Launcher.Tests;

public sealed class TerminalTests
{
    [Theory]
    [InlineData(false, "TERM=xterm", true, true, 0)]
    [InlineData(true, "TERM=xterm", false, false, 0)]
    [InlineData(false, "", false, false, 0)]
    [InlineData(false, "TERM=dumb", false, false, 0)]
    [InlineData(false, "TERM=xterm NO_COLOR=1", true, false, 0)]
    [InlineData(false, "TERM=xterm NO_COLOR=", true, true, 0)]
    [InlineData(false, "TERM=xterm OMPI_COMM_WORLD_RANK=0", false, false, 0)]
    [InlineData(false, "TERM=xterm PMI_RANK=5", false, false, 5)]
    [InlineData(false, "TERM=xterm SLURM_PROCID=12", false, false, 12)]
    public void Live_output_needs_a_person_and_a_single_process(bool isRedirected, string environment, bool isLive, bool usesColor, int rank)
    {
        var variables = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => text.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        var output = new StringWriter();
        var terminal = new Terminal(variables.GetValueOrDefault, isRedirected, output, TextWriter.Null, () => (80, 25));
        Assert.Equal((isLive, usesColor, rank), (terminal.IsLive, terminal.UsesColor, terminal.Rank));
        terminal.WriteLine("fail", AnsiColor.Red, "  x");
        Assert.Equal(usesColor ? "\e[31mfail\e[0m  x\n" : "fail  x\n", output.ToString());
    }

    // What a file's name, a tensor or a model may hold: escape, 8-bit escape, bell, return, right-to-left override, and a line feed, which stays.
    [Fact]
    public void Nothing_that_is_written_acts_on_the_terminal_but_colours_of_our_own()
    {
        const string Hostile = "\e[31mEVIL\u009b2J\a\r\u202e\n", Shown = "\\u001b[31mEVIL\\u009b2J\\u0007\\u000d\\u202e\n";
        foreach (bool isRedirected in (bool[])[true, false])
        {
            var (output, error) = (new StringWriter(), new StringWriter());
            var terminal = new Terminal(name => name == "TERM" ? "xterm" : null, isRedirected, output, error, () => (80, 25));
            foreach (var writer in (TextWriter[])[terminal.Out, terminal.Error])
            {
                writer.Write(Hostile);
                writer.WriteLine(Hostile);
                writer.Write("{0}", Hostile);
                writer.Write(Hostile.ToCharArray());
                writer.Write(Hostile.AsSpan());
                foreach (char c in Hostile) writer.Write(c);
            }
            string expected = $"{Shown}{Shown}\n{Shown}{Shown}{Shown}{Shown}";
            Assert.Equal((expected, expected), (output.ToString(), error.ToString()));
            output.GetStringBuilder().Clear();
            terminal.WriteLine(Hostile, AnsiColor.Red, Hostile);
            Assert.Equal(isRedirected ? $"{Shown}{Shown}\n" : $"\e[31m{Shown}\e[0m{Shown}\n", output.ToString());
            output.GetStringBuilder().Clear();
            terminal.ShowBelow([Hostile.TrimEnd()]);
            Assert.Equal(isRedirected ? "" : Shown, output.ToString());
            ErrorReport.Write(new ModelFormat.ModelFormatException(Hostile, Hostile, Hostile, Hostile), terminal);
            Assert.DoesNotContain("\e[31m", error.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_rank_writes_no_escape_codes_to_the_terminal_that_mpiexec_gives_it()
    {
        Assert.True(File.Exists("/usr/bin/script"), "This test needs the program script (Debian: bsdutils), which makes a pseudo-terminal.");
        var person = LauncherProcess.RunInTerminal("doctor", ("TERM", "xterm"), ("NO_COLOR", ""));
        var rank = LauncherProcess.RunInTerminal("doctor", ("TERM", "xterm"), ("NO_COLOR", ""), ("OMPI_COMM_WORLD_RANK", "0"));
        Assert.Contains("\e[32mok", person, StringComparison.Ordinal);
        Assert.Contains("ok    .NET", rank, StringComparison.Ordinal);
        Assert.DoesNotContain("\e", rank, StringComparison.Ordinal);
    }
}
