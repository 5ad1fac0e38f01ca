using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>Turns whatever goes wrong in a file of another program into a <see cref="DataException"/> that names the place.</summary>
/// <param name="Name">The format's name.</param>
/// <param name="WriteAgain">What to do with a file that is whole and is not read.</param>
internal sealed record ForeignFormat(string Name, string WriteAgain)
{
    /// <summary>Reads from a place of the file.</summary>
    public T Read<T>(string where, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (NotSupportedException e)
        {
            throw new DataException(where, $"it cannot be read: {e.Message}", $"{Name} as described in docs/data.md", $"write the file again, {WriteAgain}", e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not EndOfStreamException)
        {
            throw new DataException(where, $"it cannot be read ({e.Reason()})", $"{Article} {Name} file", "look at its permissions and at the disk", e);
        }
        catch (Exception e) when (e is not DataException)
        {
            throw new DataException(where, $"it cannot be decoded ({e.GetType().Name}: {e.Reason()})", $"a whole {Name} file",
                $"fetch the file again; if that changes nothing and another program reads it, write it with that one, {WriteAgain}", e);
        }
    }

    /// <summary>The same for each record of a place.</summary>
    public IEnumerable<SourceRecord> ReadEach(string where, IEnumerable<SourceRecord> records)
    {
        using var each = records.GetEnumerator();
        Func<bool> next = each.MoveNext;   // once, not for each document
        while (Read(where, next)) yield return each.Current;
    }

    private string Article => Name[0] == 'A' ? "an" : "a";
}
