using System.Globalization;

namespace SparkTrain.Bench;

/// <summary>Kills save-heavy runs by SIGKILL at random moments and starts them again, until so many kills are done; each run must come to the bits of the undisturbed one.</summary>
internal static class FaultsBench
{
    /// <summary>Kills: <c>[kills=200] [ranks=1,2] [seed=1]</c>. Returns 0 where nothing was wrong.</summary>
    public static int Run(string[] arguments)
    {
        int kills = Number(Setting("kills", "200")), seed = Number(Setting("seed", "1"));
        foreach (int ranks in Setting("ranks", "1,2").Split(',').Select(Number))
        {
            bool isGood = false;
            BenchPlace.Use(place => isGood = new KillStress(place, ranks, seed).Run(kills));
            if (!isGood) return 1;
        }
        return 0;

        string Setting(string name, string unsaid) => arguments.LastOrDefault(a => a.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? unsaid;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
