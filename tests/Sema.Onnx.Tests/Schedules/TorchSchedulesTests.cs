namespace Sema.Onnx.Schedules;

/// <summary>Rates that PyTorch 1.13's schedulers gave, read off its optimizer before each step; the first number is the steps done.</summary>
[TestClass]
public sealed class TorchSchedulesTests
{
    private const double Tolerance = 1e-14;

    private static readonly Dictionary<string, (LearningRateSchedule Schedule, (long Step, double Rate)[] Rates)> Recorded = new()
    {
        // MultiStepLR(0.1, [3, 5, 9], 0.5)
        ["multi-step"] = (new MultiStepSchedule(0.1, [3, 5, 9], 0.5),
            [(0, 0.1), (2, 0.1), (3, 0.05), (4, 0.05), (5, 0.025), (8, 0.025), (9, 0.0125), (10, 0.0125)]),

        // ExponentialLR(0.1, 0.9)
        ["exponential"] = (new ExponentialSchedule(0.1, 0.9), [(0, 0.1), (1, 0.09), (3, 0.0729), (7, 0.04782969)]),

        // PolynomialLR(0.1, total_iters=10, power=2)
        ["polynomial"] = (new PolynomialSchedule(0.1, 10, 2), [(0, 0.1), (1, 0.081), (5, 0.025), (9, 0.001), (10, 0), (12, 0)]),

        // CosineAnnealingWarmRestarts(0.1, T_0=5, T_mult=1, eta_min=0.01)
        ["restarts of one length"] = (new CosineRestartsSchedule(0.1, 5, 1, 0.01),
            [(0, 0.1), (1, 0.09140576474687263), (2, 0.06890576474687264), (4, 0.01859423525312737), (5, 0.1), (7, 0.06890576474687264), (9, 0.01859423525312737), (10, 0.1)]),

        // CosineAnnealingWarmRestarts(0.1, T_0=4, T_mult=2, eta_min=0.01)
        ["restarts of twice the length"] = (new CosineRestartsSchedule(0.1, 4, 2, 0.01),
            [(0, 0.1), (1, 0.08681980515339464), (3, 0.023180194846605363), (4, 0.1), (5, 0.0965745789630079), (8, 0.055), (11, 0.013425421036992097), (12, 0.1),
             (20, 0.055), (27, 0.01086466238185463), (28, 0.1), (30, 0.09913533761814537)]),

        // OneCycleLR(0.1, total_steps=20)
        ["one cycle, cosine"] = (new OneCycleSchedule(0.1, 20),
            [(0, 0.004), (1, 0.013167184270002533), (3, 0.06683281572999747), (5, 0.1), (6, 0.09874640062350874), (10, 0.07169430017913009), (15, 0.0188258346050237),
             (18, 0.0012539993764912555), (19, 4e-7)]),

        // OneCycleLR(0.1, total_steps=20, pct_start=0.25, div_factor=10, final_div_factor=100, anneal_strategy='linear')
        ["one cycle, linear"] = (new OneCycleSchedule(0.1, 20, 0.25, 10, 100, Annealing.Linear),
            [(0, 0.01), (1, 0.0325), (3, 0.0775), (4, 0.1), (5, 0.09334), (10, 0.06004), (15, 0.02674), (18, 0.00676), (19, 0.0001)]),

        // OneCycleLR(0.1, total_steps=7): the top lies between two steps
        ["one short cycle"] = (new OneCycleSchedule(0.1, 7),
            [(0, 0.004), (1, 0.09805566273349588), (2, 0.09190443762697106), (3, 0.06726838364805451), (4, 0.035773877573965704), (5, 0.00992967918932656), (6, 4e-7)]),

        // CyclicLR(0.01, 0.1, 3, 5, 'triangular')
        ["triangular"] = (new CyclicalSchedule(0.01, 0.1, 3, 5),
            [(0, 0.01), (1, 0.04), (2, 0.07), (3, 0.1), (4, 0.082), (7, 0.028), (8, 0.01), (9, 0.04), (11, 0.1), (13, 0.064), (16, 0.01)]),

        // CyclicLR(0.01, 0.1, 3, mode='triangular2')
        ["triangular2"] = (new CyclicalSchedule(0.01, 0.1, 3, height: CycleHeight.Triangular2),
            [(0, 0.01), (1, 0.04), (3, 0.1), (5, 0.04), (6, 0.01), (7, 0.025), (9, 0.055), (11, 0.025), (12, 0.01), (15, 0.0325), (18, 0.01)]),

        // CyclicLR(0.01, 0.1, 3, mode='exp_range', gamma=0.97)
        ["exponential range"] = (new CyclicalSchedule(0.01, 0.1, 3, height: CycleHeight.ExponentialRange, gamma: 0.97),
            [(0, 0.01), (1, 0.0391), (3, 0.09214057), (5, 0.03576202077099998), (6, 0.01), (9, 0.07842079527891085), (10, 0.05424544761369565), (12, 0.01), (15, 0.06699260702231102)]),

        // SWALR(0.05, anneal_epochs=5) on a rate of 0.1, begun at step 3
        ["SWA, constant after a cosine"] = (new SwaConstantSchedule(new ConstantSchedule(0.1), 3, 0.05, 5),
            [(0, 0.1), (3, 0.1), (4, 0.0952254248593737), (5, 0.08272542485937369), (6, 0.06727457514062632), (7, 0.05477457514062632), (8, 0.05), (11, 0.05)]),

        // SWALR(0.2, anneal_epochs=4, anneal_strategy='linear') on a rate of 0.1
        ["SWA, constant after a line"] = (new SwaConstantSchedule(new ConstantSchedule(0.1), 0, 0.2, 4, Annealing.Linear),
            [(0, 0.1), (1, 0.125), (2, 0.15), (3, 0.175), (4, 0.2), (6, 0.2)]),
    };

    public static IEnumerable<object[]> Names => Recorded.Keys.Select(name => new object[] { name });

    [TestMethod, DynamicData(nameof(Names))]
    public void Rates_are_PyTorchs(string name)
    {
        var (schedule, rates) = Recorded[name];
        foreach (var (step, rate) in rates)
            Assert.AreEqual(rate, schedule.Rate(step), Tolerance, $"step {step}");
    }
}
