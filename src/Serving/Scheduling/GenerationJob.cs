using System.Threading.Channels;

namespace SparkTrain.Serving;

/// <summary>Prompts on their way through the scheduler; what comes of them is read here.</summary>
public sealed class GenerationJob
{
    // Pieces of each continuation that may wait for their reader before the job pauses.
    private const int PiecesInFlight = 64;

    private readonly Channel<GenerationPiece> pieces;
    private readonly Action wake;
    private readonly int capacity, choices;
    private volatile bool isUnwanted;
    private int unfinished;

    internal GenerationJob(IReadOnlyList<GenerationRequest> requests, Action wake)
    {
        (Requests, this.wake) = (requests, wake);
        unfinished = choices = requests.Sum(request => request.Choices);
        capacity = choices * PiecesInFlight;
        pieces = Channel.CreateBounded<GenerationPiece>(new BoundedChannelOptions(capacity) { SingleReader = true });
        PromptLogProbs = new IReadOnlyList<TokenLogProb>[requests.Count];
        Array.Fill(PromptLogProbs, []);
    }

    /// <summary>The prompts.</summary>
    public IReadOnlyList<GenerationRequest> Requests { get; }

    /// <summary>Log-probabilities of each prompt's tokens, where they are asked for: there before the first piece of the prompt.</summary>
    internal IReadOnlyList<TokenLogProb>[] PromptLogProbs { get; }

    /// <summary>True once nobody wants the rest.</summary>
    internal bool IsUnwanted => isUnwanted;

    /// <summary>False while the reader is so far behind that the job pauses: one step may add a piece to every continuation.</summary>
    internal bool HasRoom => pieces.Reader.Count <= capacity - choices;

    /// <summary>Reads the pieces as they come, those of different continuations in any order, until every continuation has ended.</summary>
    /// <exception cref="GenerationException">The job failed.</exception>
    /// <exception cref="OperationCanceledException">The caller wants to leave.</exception>
    public IAsyncEnumerable<GenerationPiece> ReadAsync(CancellationToken stop = default) => pieces.Reader.ReadAllAsync(stop);

    /// <summary>Ends what is left of it and frees its keys and values. Does nothing to a job that is done.</summary>
    public void Cancel()
    {
        if (pieces.Reader.Completion.IsCompleted) return;
        isUnwanted = true;
        pieces.Writer.TryComplete(new OperationCanceledException("the job was cancelled"));
        wake();
    }

    internal void Add(GenerationPiece piece)
    {
        pieces.Writer.TryWrite(piece);
        if (piece.Finish is not null && --unfinished == 0) pieces.Writer.TryComplete();
    }

    internal void Fail(GenerationException why)
    {
        isUnwanted = true;
        pieces.Writer.TryComplete(why);
    }
}
