using System.Globalization;
using System.Net;
using SparkTrain.Http;
using SparkTrain.Input;

namespace SparkTrain.Dashboard;

/// <summary>Reads the command line.</summary>
internal static class CommandOptions
{
    private const int MaxTokenBytes = 4096;

    public const string Help = """
        usage: dotnet Dashboard.dll [--address ADDRESS:PORT] [--database FILE] [--token-file FILE] [--connections-per-address N]

        Shows training runs while they go on and afterwards. Runs send their events to http://ADDRESS:PORT/api/events.

          --address ADDRESS:PORT  where it listens; 127.0.0.1:8090 without it. Port 0 takes a free one.
          --database FILE         the SQLite file with everything that was sent; dashboard.db without it
          --token-file FILE       a file with a secret of 16 characters or more, which senders and readers must show;
                                  needed for an address that other machines can reach
          --connections-per-address N
                                  how many connections one address may have open at a time; 256 without it
          --help                  this text
        """;

    /// <summary>Returns the options; null where help is asked for.</summary>
    /// <exception cref="DashboardException">An option is unknown or has no fit value.</exception>
    public static DashboardOptions? Read(IReadOnlyList<string> args)
    {
        var options = new DashboardOptions();
        for (int i = 0; i < args.Count; i++)
        {
            if (args[i] is "--help" or "-h" or "-?") return null;
            if (args[i] is not ("--address" or "--database" or "--token-file" or "--connections-per-address"))
                throw new DashboardException("the command line", args[i], "--address, --database, --token-file, --connections-per-address or --help", "see dotnet Dashboard.dll --help");
            if (i + 1 == args.Count) throw new DashboardException(args[i], "nothing after it", "a value", "see dotnet Dashboard.dll --help");
            var (name, value) = (args[i], args[++i]);
            options = name switch
            {
                "--address" => options with { Address = Address(value) },
                "--database" => options with { Database = value },
                "--connections-per-address" => options with { ConnectionsPerAddress = Count(value) },
                _ => options with { Token = Token(value) },
            };
        }
        options.Require();
        return options;
    }

    private static IPEndPoint Address(string text) => IPEndPoint.TryParse(text, out var address) && text.Contains(':')
        ? address
        : throw new DashboardException("--address", text, "a numeric address and a port, such as 127.0.0.1:8090 or [::1]:8090", "write both");

    private static int Count(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
        ? count
        : throw new DashboardException("--connections-per-address", text, "a whole number", "correct it");

    private static AccessToken Token(string file)
    {
        const string expected = "a file with one line: 16 characters or more, without blanks";
        const string remedy = "make one, for example with: openssl rand -hex 32 > token.txt";
        string secret;
        try
        {
            secret = RegularFile.ReadAllText(file, MaxTokenBytes).Trim();
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw new DashboardException("--token-file " + file, e.Message, expected, remedy);
        }
        return AccessToken.Problem(secret) is { } problem ? throw new DashboardException("--token-file " + file, problem, expected, remedy) : new(secret);
    }
}
