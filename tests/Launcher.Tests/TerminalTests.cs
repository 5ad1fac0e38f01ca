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
        var terminal = new Terminal(variables.GetValueOrDefault, isRedirected, TextWriter.Null, TextWriter.Null);
        Assert.Equal((isLive, usesColor, rank), (terminal.IsLive, terminal.UsesColor, terminal.Rank));
        Assert.Equal(usesColor ? "\e[31mfail\e[0m" : "fail", terminal.Colored("fail", AnsiColor.Red));
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
