using System.Globalization;
using System.Text;

namespace SparkTrain.Bench;

/// <summary>Runs as they come in practice: a tenth of all points is one curve, a tenth the layers of one run, the rest many runs with ten metrics each.</summary>
internal sealed class DashboardLoad(int points, int runs)
{
    public const string LongRun = "long";
    public const string LayerRun = "layers";
    public const int Layers = 32;

    private const int EventsOfBody = 1000;

    /// <summary>The metrics of the many runs.</summary>
    public static IReadOnlyList<string> Keys { get; } = ["loss", "bits_per_byte", "lr", "grad_norm", "tokens_per_second", "mfu", "step_seconds", "tokens", "ffn_active_fraction", "attention_kept"];

    public int Points => points;

    public int Runs => runs;

    public int LongSteps => points / 10;

    public int LayerSteps => points / 10 / Layers;

    public int ShortSteps => (points - LongSteps - LayerSteps * Layers) / Keys.Count / (runs - 2);

    public static string Name(int run) => "run" + run.ToString(CultureInfo.InvariantCulture);

    /// <summary>Bodies of requests and the number of points in each.</summary>
    public IEnumerable<(byte[] Body, int Points)> Bodies()
    {
        var random = new Random(1);
        foreach (var body in Run(LongRun, LongSteps, 1, _ => $"\"loss\":{Value(random)}")) yield return body;
        foreach (var body in Run(LayerRun, LayerSteps, Layers, _ => $"\"active\":[{string.Join(',', Enumerable.Range(0, Layers).Select(_ => Value(random)))}]")) yield return body;
        for (int run = 1; run <= runs - 2; run++)
            foreach (var body in Run(Name(run), ShortSteps, Keys.Count, _ => string.Join(',', Keys.Select(key => $"\"{key}\":{Value(random)}")))) yield return body;
    }

    private static IEnumerable<(byte[] Body, int Points)> Run(string name, int steps, int values, Func<int, string> metrics)
    {
        for (int start = 0; start < steps; start += EventsOfBody)
        {
            int count = Math.Min(EventsOfBody, steps - start);
            var events = Enumerable.Range(start, count).Select(step =>
                $$"""{"Timestamp":"2026-01-02T03:04:05.0000000Z","Level":"Information","MessageTemplate":"step","RenderedMessage":"step","Properties":{"Run":"{{name}}","Sequence":{{step}},"Kind":"Metrics","Step":{{step}},"Metrics":{""" + metrics(step) + "}}}");
            yield return (Encoding.UTF8.GetBytes("[" + string.Join(',', events) + "]"), count * values);
        }
    }

    private static string Value(Random random) => random.NextDouble().ToString("F6", CultureInfo.InvariantCulture);
}
