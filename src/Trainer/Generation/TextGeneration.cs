using System.Runtime.InteropServices;
using Serilog;
using SparkTrain.Generation;
using SparkTrain.Input;
using SparkTrain.Model;
using SparkTrain.Telemetry;
using SparkTrain.Tokenizers;

namespace SparkTrain.Trainer;

/// <summary>Lets the model continue the prompts of a run from time to time; what it writes goes to generated.jsonl and to the log. One rank does it: weights are the same on all.</summary>
internal sealed class TextGeneration : IDisposable
{
    private readonly Transformer model;
    private readonly ITokenizer tokenizer;
    private readonly TrainConfig config;
    private readonly TimeSpan limit;
    private readonly ILogger log;
    private readonly StepLines<GeneratedText> lines;
    private long lastStep = -1;

    /// <summary>Opens generated.jsonl, after dropping what an interrupted session wrote beyond the step that the run resumes from.</summary>
    /// <param name="model">The model that trains.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="config">The run.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="resumeStep">The last step whose texts stay; null when nothing is resumed.</param>
    /// <param name="limit">Time that the texts of a step may take, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="log">Receives <see cref="TrainEvents"/>.</param>
    /// <exception cref="IOException">The file is not writable.</exception>
    public TextGeneration(Transformer model, ITokenizer tokenizer, TrainConfig config, RunFolder folder, long? resumeStep, TimeSpan limit, ILogger log)
    {
        (this.model, this.tokenizer, this.config, this.limit, this.log) = (model, tokenizer, config, limit, log);
        lines = new(folder.GeneratedFile, resumeStep, GeneratedText.Json, text => text.Step, text => lastStep = text.Step);
    }

    /// <summary>True where a step asks for texts that were not written before.</summary>
    public bool IsDue(long step) => step != lastStep && (step % config.Generation.EverySteps == 0 || step == config.Training.Steps);

    /// <summary>Writes as the model is after a step.</summary>
    public void Run(long step)
    {
        try
        {
            foreach (var text in Continue(step))
            {
                lines.Write(text);
                log.ForContext(new EventProperties(RunEvent.OfKind(RunEvent.Sample), JsonProperty.Of(nameof(text.Prompt), text.Prompt), JsonProperty.Of(nameof(text.Text), text.Text)))
                    .Information(TrainEvents.Generated, step, config.Training.Steps, text.Shown);
            }
        }
        // Weights whose logits leave float32's range, memory of a device that only just holds the training: no reason to end a run.
        catch (Exception e) when (e is NotFiniteNumberException or OutOfMemoryException or ExternalException or IOException)
        {
            log.Warning(TrainEvents.NotGenerated, step, e.Reason());
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => lines.Dispose();

    private IEnumerable<GeneratedText> Continue(long step)
    {
        if (model.Options.Sparsity is { } sparsity) sparsity.IsRecording = false;
        var settings = config.Generation;
        Continuation[] continuations = [.. settings.Prompts.Select((prompt, index) => new Continuation(tokenizer.EncodeFromStart(prompt), settings.MaxTokens, settings.Sampling(index)))];
        using var cut = new CancellationTokenSource(limit);
        try
        {
            // The decoder is not disposed: the model goes on training.
            foreach (var _ in new TokenGenerator(new TorchDecoder(model), tokenizer.EndsText, continuations.Length).Run(continuations, cut.Token))
            {
            }
        }
        catch (OperationCanceledException)
        {
            log.Warning(TrainEvents.GenerationCut, step, limit.TotalSeconds);
        }
        return settings.Prompts.Zip(continuations, (prompt, continuation) => new GeneratedText(step, prompt, ContinuedText.Of(tokenizer, continuation.Tokens)));
    }
}
