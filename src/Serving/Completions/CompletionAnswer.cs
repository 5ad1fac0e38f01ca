using System.Text;
using SparkTrain.Generation;
using SparkTrain.Tokenizers;

namespace SparkTrain.Serving;

/// <summary>Puts together what comes of a job: the pieces of a stream as they are sent, or the whole.</summary>
internal sealed class CompletionAnswer
{
    private readonly CompletionRequest request;
    private readonly GenerationJob job;
    private readonly Choice[] choices;

    /// <summary>Begins with nothing.</summary>
    public CompletionAnswer(CompletionRequest request, GenerationJob job, ITokenizer tokenizer)
    {
        (this.request, this.job) = (request, job);
        choices = [.. request.Prompts.Index().SelectMany(prompt => Enumerable.Range(0, request.Choices).Select(_ =>
            new Choice(prompt.Index, request.Echo ? prompt.Item.Text ?? ContinuedText.Of(tokenizer, prompt.Item.Tokens!) : "")))];
    }

    /// <summary>Tokens of the prompts, each counted once.</summary>
    public int PromptTokens => job.Requests.Sum(prompt => prompt.Prompt.Length);

    /// <summary>Tokens generated so far.</summary>
    public int Tokens => choices.Sum(choice => choice.Tokens);

    /// <summary>Takes in a piece; returns it as clients see it: the first one of a continuation behind the prompt, where that is asked for.</summary>
    public CompletionChoice Add(GenerationPiece piece)
    {
        var choice = choices[piece.Choice];
        var (text, logProbs) = (piece.Text, piece.LogProbs.Select(token => token with { Offset = token.Offset + choice.EchoCharacters }));
        if (!choice.HasBegun) (text, logProbs) = (choice.Echo + text, job.PromptLogProbs[choice.Prompt].Concat(logProbs));
        (choice.HasBegun, choice.Tokens, choice.Finish) = (true, piece.Tokens, piece.Finish);
        return new(piece.Choice, text, request.LogProbs is null ? null : [.. logProbs], piece.Finish);
    }

    /// <summary>Takes in a piece and keeps it.</summary>
    public void Collect(GenerationPiece piece)
    {
        var (choice, added) = (choices[piece.Choice], Add(piece));
        choice.Text.Append(added.Text);
        choice.LogProbs.AddRange(added.LogProbs ?? []);
    }

    /// <summary>Returns the whole of what was kept.</summary>
    public IEnumerable<CompletionChoice> Whole() => choices.Index().Select(c => new CompletionChoice(c.Index, c.Item.Text.ToString(), request.LogProbs is null ? null : c.Item.LogProbs, c.Item.Finish));

    private sealed class Choice(int prompt, string echo)
    {
        public int Prompt { get; } = prompt;

        public string Echo { get; } = echo;

        public int EchoCharacters { get; } = ContinuedText.Characters(echo);

        public StringBuilder Text { get; } = new();

        public List<TokenLogProb> LogProbs { get; } = [];

        public bool HasBegun { get; set; }

        public int Tokens { get; set; }

        public FinishReason? Finish { get; set; }
    }
}
