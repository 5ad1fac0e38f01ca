using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace SparkTrain.Bench;

/// <summary>llama.cpp with a model loaded, in a process of its own (bench/Decode/llama-bench.mjs).</summary>
internal sealed class LlamaPeer : IDisposable
{
    private readonly Process process;

    /// <summary>Starts it and loads the model.</summary>
    /// <param name="gguf">The model.</param>
    /// <param name="capacity">Tokens that fit.</param>
    /// <param name="options">mmap (weights stay in the file's pages), flash (its fused attention), both with a comma between, or nothing.</param>
    /// <exception cref="InvalidOperationException">Node.js or the package is missing, or the model does not load; its message is on standard error.</exception>
    public LlamaPeer(string gguf, int capacity, string options)
    {
        string script = Path.Combine(RepositoryFolder(), "bench", "Decode", "llama-bench.mjs");
        var start = new ProcessStartInfo("node", [script, gguf, capacity.ToString(CultureInfo.InvariantCulture), .. options.Split(',', StringSplitOptions.RemoveEmptyEntries)]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        process = Process.Start(start) ?? throw new InvalidOperationException("node did not start");
        Answer();
    }

    /// <summary>Lets its sequence hold so many random tokens, with all threads; those that are there stay.</summary>
    public void Fill(int tokens) => Ask(new { fill = tokens });

    /// <summary>Times single steps behind them, and removes these again; seconds.</summary>
    public double Decode(int tokens, int threads) => Ask(new { decode = tokens, threads });

    /// <summary>Times the prefill of an empty sequence; seconds.</summary>
    public double Prefill(int tokens, int threads) => Ask(new { prefill = tokens, threads });

    /// <summary>Processor time that it has taken.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }

    private double Ask(object request)
    {
        process.StandardInput.WriteLine(JsonSerializer.Serialize(request));
        process.StandardInput.Flush();
        return Answer().GetProperty("seconds").GetDouble();
    }

    private JsonElement Answer() =>
        process.StandardOutput.ReadLine() is { } line ? JsonSerializer.Deserialize<JsonElement>(line)
            : throw new InvalidOperationException("llama.cpp ended. Do: scripts/install-peers.sh installs it; see its message above");

    private static string RepositoryFolder()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "SparkTrain.sln"))) folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("SparkTrain.sln is in no folder above this program");
        return folder;
    }
}
