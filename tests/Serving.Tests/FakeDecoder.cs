using SparkTrain.Generation;
using SparkTrain.ModelFormat;

namespace SparkTrain.Serving.Tests;

/// <summary>A model whose logits are a hash of the whole history, or that writes what it is told to. It counts what it holds, and checks how it is called.</summary>
internal sealed class FakeDecoder : IForkingDecoder
{
    // Two ids more than the tokenizer of bytes.
    public const int Vocabulary = 260, Bos = 256, Eos = 257;

    private int isComputing, open;
    private long held;

    public ModelConfig Config { get; } = new()
    {
        VocabSize = Vocabulary, DModel = 8, NumLayers = 1, MaxSeqLen = 2000,
        Ffn = new() { Kind = FfnKind.Gated, DFf = 8 },
        Attention = new() { Kind = AttentionKind.Dense, NumHeads = 1, NumKvHeads = 1, HeadDim = 8, Window = 8 },
    };

    /// <summary>Computes the logits behind a history.</summary>
    public Func<IReadOnlyList<int>, float[]> Model { get; init; } = Hashed;

    /// <summary>Is called with each batch before it is computed.</summary>
    public Action<IReadOnlyList<NewTokens>> Before { get; set; } = _ => { };

    /// <summary>Is called with each capacity before a sequence begins.</summary>
    public Action<int> BeforeBegin { get; set; } = _ => { };

    public int OpenSequences => open;

    public long HeldTokens => Interlocked.Read(ref held);

    public long ReadTokens { get; private set; }

    public ITokenSequence Begin(int capacity)
    {
        BeforeBegin(capacity);
        return new Sequence(this, capacity, []);
    }

    public ITokenSequence Fork(ITokenSequence sequence, int capacity) => new Sequence(this, capacity, ((Sequence)sequence).Tokens);

    public long BytesOf(ITokenSequence sequence) => 3 * sequence.Capacity;

    public void Append(IReadOnlyList<NewTokens> batch, Span<float> logits)
    {
        Assert.Equal(0, Interlocked.Exchange(ref isComputing, 1));
        try
        {
            Before(batch);
            Assert.Equal(batch.Count * Vocabulary, logits.Length);
            Assert.Distinct(batch.Select(item => item.Sequence));
            foreach (var (row, (sequence, tokens)) in batch.Index())
            {
                Assert.InRange(tokens.Length, 1, int.MaxValue);
                ((Sequence)sequence).Add(tokens.Span);
                Model(((Sequence)sequence).Tokens).CopyTo(logits[(row * Vocabulary)..]);
            }
        }
        finally
        {
            Volatile.Write(ref isComputing, 0);
        }
    }

    public void AppendEach(ITokenSequence sequence, ReadOnlySpan<int> tokens, Action<int, ReadOnlySpan<float>> take)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            float[] logits = new float[Vocabulary];
            Append([new(sequence, tokens[i..(i + 1)].ToArray())], logits);
            take(i, logits);
        }
    }

    public void Dispose() => Assert.Equal(0, open);

    /// <summary>Letters are likely, the end of the document is possible, everything depends on every token before.</summary>
    public static float[] Hashed(IReadOnlyList<int> history)
    {
        ulong hash = 17;
        foreach (int token in history) hash = (hash ^ (ulong)token) * 0x9E3779B97F4A7C15 ^ hash >> 29;
        float[] logits = new float[Vocabulary];
        for (int token = 0; token < Vocabulary; token++)
        {
            ulong mixed = (hash + (ulong)token) * 0xBF58476D1CE4E5B9;
            float noise = ((mixed ^ mixed >> 31) * 0x94D049BB133111EB >> 40) / (float)(1 << 24) * 8 - 4;
            logits[token] = noise + (token is >= 'a' and <= 'z' or ' ' ? 4 : token is Eos ? 0 : -8);
        }
        return logits;
    }

    /// <summary>Goes on with a text, wherever in it a history ends, and then with the end of the document.</summary>
    public static Func<IReadOnlyList<int>, float[]> Writes(byte[] text, int promptTokens) => history =>
    {
        float[] logits = new float[Vocabulary];
        int at = history.Count - promptTokens;
        if (at >= 0) logits[at < text.Length ? text[at] : Eos] = 9;
        return logits;
    };

    private sealed class Sequence : ITokenSequence
    {
        private readonly FakeDecoder decoder;
        private bool isClosed;

        public Sequence(FakeDecoder decoder, int capacity, IReadOnlyList<int> tokens)
        {
            (this.decoder, Capacity, Tokens) = (decoder, capacity, [.. tokens]);
            Interlocked.Increment(ref decoder.open);
            Interlocked.Add(ref decoder.held, Tokens.Count);
            Assert.InRange(Tokens.Count, 0, capacity);
        }

        public List<int> Tokens { get; }

        public int Length => Tokens.Count;

        public int Capacity { get; }

        public void Add(ReadOnlySpan<int> tokens)
        {
            Assert.False(isClosed, "a closed sequence is used");
            Tokens.AddRange(tokens);
            Assert.InRange(Tokens.Count, 1, Capacity);
            decoder.ReadTokens += tokens.Length;
            Interlocked.Add(ref decoder.held, tokens.Length);
        }

        public void Dispose()
        {
            if (isClosed) return;
            isClosed = true;
            Interlocked.Decrement(ref decoder.open);
            Interlocked.Add(ref decoder.held, -Tokens.Count);
        }
    }
}
