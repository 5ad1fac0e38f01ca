using SparkTrain.Generation;
using SparkTrain.Tokenizers;

namespace SparkTrain.Serving;

/// <summary>A prompt of a job that has its place beside others: it is read once, and its continuations go on from there.</summary>
internal sealed class RunningPrompt : IDisposable
{
    private readonly RunningChoice[] choices;
    private readonly List<TokenLogProb> scores = [];
    private readonly int index;
    private int read;

    /// <summary>Takes in a prompt of a job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="index">The prompt's number in it.</param>
    /// <param name="firstChoice">The number in the job of the first of its continuations.</param>
    /// <param name="tokenizer">Turns tokens into text.</param>
    public RunningPrompt(GenerationJob job, int index, int firstChoice, ITokenizer tokenizer)
    {
        (Job, this.index, Request) = (job, index, job.Requests[index]);
        choices = [.. Enumerable.Range(0, Request.Choices).Select(choice => new RunningChoice(firstChoice + choice, choice, Request, tokenizer))];
    }

    /// <summary>Whose prompt it is.</summary>
    public GenerationJob Job { get; }

    /// <summary>The prompt.</summary>
    public GenerationRequest Request { get; }

    /// <summary>True once all of the prompt is in the model.</summary>
    public bool IsRead => read == Request.Prompt.Length;

    /// <summary>Continuations that have not ended.</summary>
    public IEnumerable<RunningChoice> Live => choices.Where(choice => choice.Finish is null);

    /// <summary>Their number.</summary>
    public int Places => choices.Count(choice => choice.Finish is null);

    /// <summary>Tokens whose keys and values they may come to hold.</summary>
    public long ReservedTokens => (long)Places * Request.TokensOfAChoice;

    /// <summary>Tokens whose keys and values they hold.</summary>
    public long HeldTokens => Live.Sum(choice => choice.Sequence?.Length ?? 0);

    /// <summary>Memory that is kept for their keys and values.</summary>
    public long BytesIn(IForkingDecoder decoder) => Live.Sum(choice => choice.Sequence is { } sequence ? decoder.BytesOf(sequence) : 0);

    /// <summary>Where the prompt is read into.</summary>
    public ITokenSequence Sequence => choices[0].Sequence!;

    /// <summary>Takes a place in the decoder's memory.</summary>
    public void Begin(IForkingDecoder decoder) => choices[0].Sequence = decoder.Begin(Request.TokensOfAChoice);

    /// <summary>Returns the tokens of the prompt that are to be read next.</summary>
    public ReadOnlyMemory<int> Next(int most) => Request.Prompt.AsMemory(read, Math.Min(most, Request.Prompt.Length - read));

    /// <summary>Takes in the logits behind a piece of the prompt; those behind its last token begin the continuations. Returns the number of tokens drawn.</summary>
    public int TakeRead(int tokens, ReadOnlySpan<float> logits, IForkingDecoder decoder)
    {
        read += tokens;
        if (!IsRead) return 0;
        foreach (var choice in choices) Deliver(Request.MaxTokens == 0 ? choice.End() : choice.Take(logits));
        foreach (var choice in Live.Where(choice => choice.Sequence is null)) choice.Sequence = decoder.Fork(Sequence, Request.TokensOfAChoice);
        if (choices[0].Finish is not null) choices[0].Dispose();
        return Request.MaxTokens == 0 ? 0 : choices.Length;
    }

    /// <summary>Reads a piece of the prompt and notes how probable its tokens were; returns the number of tokens drawn behind it.</summary>
    /// <param name="tokens">The piece.</param>
    /// <param name="logits">[vocabulary], where the logits behind its last token are put.</param>
    /// <param name="decoder">Reads it.</param>
    /// <param name="tokenizer">Turns tokens into text.</param>
    public int Score(ReadOnlyMemory<int> tokens, float[] logits, IForkingDecoder decoder, ITokenizer tokenizer)
    {
        if (read == 0) scores.Add(new(Request.Prompt[0], 0, null, []));
        decoder.AppendEach(Sequence, tokens.Span, (i, behind) =>
        {
            if (read + i + 1 < Request.Prompt.Length) scores.Add(TokenLogProb.Read(behind, Request.Prompt[read + i + 1], offset: 0, Request.LogProbs ?? 0));
            if (i + 1 == tokens.Length) behind.CopyTo(logits);
        });
        if (read + tokens.Length == Request.Prompt.Length) Job.PromptLogProbs[index] = WithOffsets(tokenizer);
        return TakeRead(tokens.Length, logits.AsSpan(0, decoder.Config.VocabSize), decoder);
    }

    /// <summary>Takes in the logits behind a continuation's last token; returns the number of tokens drawn.</summary>
    public int Take(RunningChoice choice, ReadOnlySpan<float> logits)
    {
        Deliver(choice.Take(logits));
        if (choice.Finish is not null) choice.Dispose();
        return 1;
    }

    /// <summary>Ends the whole job for a reason.</summary>
    public void Fail(GenerationException why) => Job.Fail(why);

    /// <summary>Frees keys and values.</summary>
    public void Dispose()
    {
        foreach (var choice in choices) choice.Dispose();
    }

    private void Deliver(GenerationPiece? piece)
    {
        if (piece is not null) Job.Add(piece);
    }

    private TokenLogProb[] WithOffsets(ITokenizer tokenizer)
    {
        var text = new ContinuedText(tokenizer, []);
        return [.. scores.Select(score =>
        {
            int offset = text.DecodedCharacters;
            text.Append(score.Token, isLast: false);
            return score with { Offset = offset };
        })];
    }
}
