// Adds the partial sums of the descriptor before to the rows that drain from the array: the WORDS words of a row are read from
// the residual buffer while the row stands still for as many cycles, a word of sums a cycle. Rows leave WORDS cycles later than
// they come, and everything that belongs to them with them. Without `reload_i` rows pass at once.
module dna_reload #(
    parameter COLS     = 16,
    parameter ACC_BITS = 28,
    parameter RAW_BITS = 32,
    parameter WORDS    = 4,     // COLS * RAW_BITS / 128: 2, 4 or 8
    parameter PHASE    = 2,     // log2(WORDS)
    parameter SCALE    = 2,     // log2 of the words of a pixel's channels
    parameter ADDR     = 9
) (
    input  wire                     clk,
    input  wire                     rst_n,
    input  wire                     reload_i,
    // a row, one cycle ahead
    input  wire                     ahead_i, ahead_half_i, ahead_slot_i,
    input  wire [ADDR-1:0]          ahead_addr_i,
    input  wire [PHASE-1:0]         ahead_phase_i,
    // residual buffer
    output wire                     read_o, slot_o,
    output wire [ADDR-1:0]          addr_o,
    input  wire [127:0]             data_i,
    // the row
    input  wire                     valid_i, half_i, output_slot_i, residual_slot_i, activate_i, part_last_i, last_i,
    input  wire [ADDR-1:0]          row_addr_i,
    input  wire [COLS*ACC_BITS-1:0] row_i,
    output wire                     valid_o, half_o, output_slot_o, residual_slot_o, activate_o, part_last_o, last_o,
    output wire [ADDR-1:0]          row_addr_o,
    output wire [COLS*ACC_BITS-1:0] row_o
);
    // Addresses count pixels; a pixel has WORDS words a unit, and one or two units.
    wire [ADDR-1:0] half_words = ahead_half_i ? WORDS[ADDR-1:0] : {ADDR{1'b0}};
    assign read_o = ahead_i && reload_i;
    assign slot_o = ahead_slot_i;
    assign addr_o = {ahead_addr_i[ADDR-1-SCALE:0], {SCALE{1'b0}}} + half_words + {{(ADDR-PHASE){1'b0}}, ahead_phase_i};
    wire unused_addr = &{1'b0, ahead_addr_i[ADDR-1:ADDR-SCALE]};

    reg             arrives_q;
    reg [PHASE-1:0] phase_q;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) arrives_q <= 1'b0;
        else arrives_q <= read_o;
    end
    always @(posedge clk) phase_q <= ahead_phase_i;

    reg [COLS*ACC_BITS-1:0] total_q;
    localparam LANES = 128 / RAW_BITS;         // sums of a word
    genvar c;
    generate
        for (c = 0; c < COLS; c = c + 1) begin : gen_lane
            wire [ACC_BITS-1:0] partial = data_i[(c % LANES)*RAW_BITS +: ACC_BITS];
            always @(posedge clk)
                if (arrives_q && {{(32-PHASE){1'b0}}, phase_q} == c / LANES)
                    total_q[c*ACC_BITS +: ACC_BITS] <= row_i[c*ACC_BITS +: ACC_BITS] + partial;
        end
    endgenerate
    wire unused_data = &{1'b0, data_i};

    // WORDS cycles.
    localparam TAG = ADDR + 3;
    reg [WORDS*4-1:0]   control_q;             // valid, activate, last of a part, last
    reg [WORDS*TAG-1:0] tag_q;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) control_q <= {(WORDS*4){1'b0}};
        else control_q <= {control_q[WORDS*4-5:0], control};
    end
    wire [3:0]     control = {valid_i, activate_i, part_last_i, last_i};
    wire [TAG-1:0] tag = {half_i, output_slot_i, residual_slot_i, row_addr_i};
    always @(posedge clk) tag_q <= {tag_q[(WORDS-1)*TAG-1:0], tag};
    assign {valid_o, activate_o, part_last_o, last_o} = reload_i ? control_q[WORDS*4-1 -: 4] : control;
    assign {half_o, output_slot_o, residual_slot_o, row_addr_o} = reload_i ? tag_q[WORDS*TAG-1 -: TAG] : tag;
    assign row_o = reload_i ? total_q : row_i;
endmodule
