using System.Text;
using SparkTrain.Generation;
using SparkTrain.Tokenizers;

namespace SparkTrain.Serving.Tests;

/// <summary>What a prompt is continued with when nothing else runs, computed by the plainest loop.</summary>
internal static class Alone
{
    public static (string Text, List<int> Tokens, string Finish) Continue(Func<IReadOnlyList<int>, float[]> model, IReadOnlyList<int> prompt, int maxTokens, SamplingOptions sampling, params string[] stops)
    {
        var (history, sampler) = (new List<int>(prompt), new Sampler(sampling, prompt));
        var tokens = new List<int>();
        while (tokens.Count < maxTokens)
        {
            int token = sampler.Next(model(history));
            history.Add(token);
            tokens.Add(token);
            string text = Decode(tokens);
            int stop = stops.Select(s => text.IndexOf(s, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(-1).Min();
            if (stop >= 0) return (text[..stop], tokens, "stop");
            if (token == FakeDecoder.Eos) return (text, tokens, "stop");
        }
        return (Decode(tokens), tokens, "length");
    }

    public static int[] Tokens(string text) => [.. new ByteTokenizer().EncodeFromStart(text)];

    /// <summary>Log-softmax as it is defined.</summary>
    public static double LogProb(float[] logits, int token) => logits[token] - Math.Log(logits.Sum(logit => Math.Exp(logit)));

    private static string Decode(List<int> tokens) => Encoding.UTF8.GetString([.. tokens.Where(token => token < 256).Select(token => (byte)token)]);
}
