using SparkTrain.Support;

namespace SparkTrain.Trainer.Tests;

public sealed class MetricsFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_resumed_run_drops_what_was_logged_beyond_its_checkpoint_and_half_lines()
    {
        string path = folder["metrics.jsonl"];
        using (var file = new MetricsFile(path, null))
            for (int step = 1; step <= 5; step++) file.Write(new() { Step = step, Tokens = 10 * step, Loss = 0.5 });
        File.AppendAllText(path, "{\"step\":6,\"tok");
        using (var file = new MetricsFile(path, 3)) file.Write(new() { Step = 4, Tokens = 40, Loss = 0.25 });
        string[] lines = File.ReadAllLines(path);
        Assert.Equal([1, 2, 3, 4], lines.Select(l => System.Text.Json.JsonDocument.Parse(l).RootElement.GetProperty("step").GetInt32()));
        Assert.Contains("\"loss\":0.25", lines[3], StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_run_begins_a_new_file()
    {
        string path = folder["metrics.jsonl"];
        File.WriteAllText(path, "{\"step\":1}\n");
        new MetricsFile(path, null).Dispose();
        Assert.Equal("", File.ReadAllText(path));
    }

    [Fact]
    public void A_validation_completes_the_line_of_its_step()
    {
        string path = folder["metrics.jsonl"];
        using (var file = new MetricsFile(path, null))
        {
            file.Write(new() { Step = 1, Tokens = 10 });
            file.Write(new() { Step = 2, Tokens = 20 });
            file.Rewrite(new() { Step = 2, Tokens = 20, ValLoss = 0.5, ValBitsPerByte = 0.25 });
            file.Write(new() { Step = 3, Tokens = 30 });
        }
        string[] lines = File.ReadAllLines(path);
        Assert.Equal([1, 2, 3], lines.Select(l => System.Text.Json.JsonDocument.Parse(l).RootElement.GetProperty("step").GetInt32()));
        Assert.EndsWith("\"val_loss\":0.5,\"val_bits_per_byte\":0.25}", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Every_line_has_the_keys_that_other_tools_read()
    {
        string path = folder["metrics.jsonl"];
        using (var file = new MetricsFile(path, null)) file.Write(new() { Step = 0, Tokens = 0, ValLoss = 1, ValBitsPerByte = 2 });
        var line = System.Text.Json.JsonDocument.Parse(File.ReadAllText(path)).RootElement;
        string[] keys = ["step", "tokens", "loss", "lr", "grad_norm", "tokens_per_second", "mfu", "step_seconds", "data_wait_fraction", "ffn_active_fraction", "ffn_active_fraction_by_layer", "attention_kept", "attention_kept_by_layer", "val_loss", "val_bits_per_byte"];
        Assert.All(keys, key => Assert.True(line.TryGetProperty(key, out _), key));
    }

    [Fact]
    public void Every_key_is_explained_in_the_documentation()
    {
        string documentation = File.ReadAllText(Path.Combine(Repository(), "docs", "metrics.md"));
        string path = folder["metrics.jsonl"];
        using (var file = new MetricsFile(path, null)) file.Write(new() { Step = 1, Tokens = 1, ValLoss = 1, ValBitsPerByte = 1 });
        var line = System.Text.Json.JsonDocument.Parse(File.ReadAllText(path)).RootElement;
        Assert.All(line.EnumerateObject(), key => Assert.Contains($"`{key.Name}`", documentation, StringComparison.Ordinal));
    }

    private static string Repository([System.Runtime.CompilerServices.CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
}
