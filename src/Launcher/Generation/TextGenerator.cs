using SparkTrain.Generation;
using SparkTrain.ModelFormat;
using SparkTrain.Native;
using SparkTrain.Tokenizers;

namespace SparkTrain.Launcher.Generation;

/// <summary>Continues prompts as text.</summary>
/// <param name="decoder">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="folder">Where the model lies, for messages.</param>
/// <param name="batch">Prompts side by side.</param>
internal sealed class TextGenerator(IDecoder decoder, ITokenizer tokenizer, string folder, int batch)
{
    private readonly TokenGenerator generator = new(decoder, tokenizer.EndsText, batch);

    /// <summary>How fast it goes.</summary>
    public GenerationSpeed Speed => generator.Speed;

    /// <summary>Yields, for every token as it comes, the prompt's index, its continuation and the text that has become certain.</summary>
    /// <exception cref="ModelFormatException">The model computes numbers that are not finite.</exception>
    /// <exception cref="EnvironmentException">Keys and values do not fit into memory.</exception>
    /// <exception cref="OperationCanceledException">The caller wants to leave.</exception>
    public IEnumerable<(int Index, TextContinuation Continuation, string Piece)> Run(IReadOnlyList<PromptRequest> requests, CancellationToken stop)
    {
        var running = new Dictionary<Continuation, (int Index, TextContinuation Continuation)>();
        using var sequences = generator.Run(requests.Index().Select(request =>
        {
            var continuation = new TextContinuation(request.Item, tokenizer);
            running.Add(continuation.Sequence, (request.Index, continuation));
            return continuation.Sequence;
        }), stop).GetEnumerator();
        while (MoveNext(sequences))
        {
            var (index, continuation) = running[sequences.Current];
            string piece = continuation.Advance();
            if (continuation.Sequence.Finish is not null) running.Remove(sequences.Current);
            yield return (index, continuation, piece);
        }
    }

    /// <summary>Writes a line of JSON for each prompt, in the order of the prompts, as soon as it and those before it are done.</summary>
    public void WriteJson(IReadOnlyList<PromptRequest> requests, TextWriter output, CancellationToken stop)
    {
        var finished = new Dictionary<int, string>();
        int next = 0;
        foreach (var (index, continuation, _) in Run(requests, stop).Where(step => step.Continuation.Sequence.Finish is not null))
        {
            finished[index] = continuation.ToJson();
            for (; finished.Remove(next, out string? line); next++) output.WriteLine(line);
        }
    }

    private bool MoveNext(IEnumerator<Continuation> sequences)
    {
        try
        {
            return sequences.MoveNext();
        }
        catch (NotFiniteNumberException e)
        {
            throw new ModelFormatException(folder, e.Message, "finite numbers", "train or export it again; its weights are broken", e);
        }
        catch (OutOfMemoryException e)
        {
            throw EngineChoice.TooLittleMemory(folder, e);
        }
    }
}
